"""What torch says about the dead, in sentences."""

from __future__ import annotations

import pytest

from trainer.mishaps import LostProcess, deaths_told


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."),
        ConnectionResetError(104, "Connection reset by peer"),
        EOFError(),
    ],
)
def test_a_killed_worker_has_its_sentence_whenever_it_died(error: Exception) -> None:
    with pytest.raises(LostProcess, match="A loader worker was killed"), deaths_told():
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), deaths_told():
        raise RuntimeError("shapes do not match")
