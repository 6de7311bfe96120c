"""What a training run does with memory: watched from outside, and on demand line by line."""
