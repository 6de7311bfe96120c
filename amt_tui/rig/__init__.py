"""The test rig of `amt live` and of the phone's page: a microphone that hears what is played, a
terminal or a browser to run them in, and figures read off their screens. Used by
`scripts/bench_live`, `scripts/bench_phone` and by tests, never by a command.
"""
