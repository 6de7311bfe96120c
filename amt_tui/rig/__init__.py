"""The test rig of `amt live`: a microphone that hears what is played, a terminal to run it in, and
figures read off its screen. Used by `scripts/bench_live` and by tests, never by a command.
"""
