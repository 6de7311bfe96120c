"""`python -m amt_tui`: the same as the `amt` command."""

from .main import main

if __name__ == "__main__":
    main()
