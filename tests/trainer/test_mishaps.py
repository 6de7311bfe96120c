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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", "The accelerator's memory is full"),
        (
            "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
            "dataloader's workers are out of shared memory.",
            "shared memory that loader workers",
        ),
        (
            "Too many open files. Communication with the workers is no longer possible.",
            "more files",
        ),
        ("Pin memory thread exited unexpectedly", "A loader worker was killed"),
    ],
)
def test_what_ran_out_is_named(text: str, sentence: str) -> None:
    with pytest.raises(LostProcess, match=sentence), deaths_told():
        raise RuntimeError(text)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), deaths_told():
        raise RuntimeError("shapes do not match")
