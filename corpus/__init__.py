"""What the model learns from: recordings, performances rendered on sampled pianos, rooms and
noises.
"""
