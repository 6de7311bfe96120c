"""Errors a person can act on: one sentence says what is wrong, one says what to do.

Everything this project raises on purpose derives from `AmtError`; the command line prints it
without a traceback and exits with `exit_code`. Any other exception is a bug and keeps its
traceback.
"""

from __future__ import annotations


class AmtError(Exception):
    """Something is wrong with an input, an option or the machine, and the user can do something
    about it.

    Args:
        problem: One sentence: what is wrong.
        remedy: One sentence: what to do about it.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[AmtError], tuple[str, str]]:
        """Lets errors of worker processes arrive with both sentences."""
        return type(self), (self.problem, self.remedy)


class UsageError(AmtError):
    """Options that contradict each other or name something that is not there."""

    exit_code = 2


class ModelError(AmtError):
    """A model file that is missing, damaged, altered, or written for another version."""

    exit_code = 3


class InputError(AmtError):
    """An audio or MIDI input that cannot be read."""

    exit_code = 4


class OutputError(AmtError):
    """An output that cannot be written."""

    exit_code = 5
