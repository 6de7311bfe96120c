"""What people touch: the command line and the screens, drawn around the `transcriber`.

Importing this package costs nothing. `amt_tui.main` holds the commands; each imports what it
needs when it runs, so that `amt --help` answers at once and `amt live` never loads torch.
"""
