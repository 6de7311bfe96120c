"""Which of the licences that manifests name are free."""

from __future__ import annotations

import pytest

from corpus.licences import is_free


@pytest.mark.parametrize(
    "licence",
    [
        "CC0",
        "CC0 (amt)",
        "cc by 4.0",
        "CC BY 3.0 (Alexander Holm); repo code MIT",
        "Public domain (per repo README; samples by AKAI)",
        "github:music-x-lab/POP909-Dataset (MIT)",
        "github:pianoroll/pianolatron-data (repo MIT; some data otherwise CC BY-NC-SA 4.0)",
        "MIT repo",
    ],
)
def test_free(licence: str) -> None:
    assert is_free(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "unknown",
        "GPL-2 (Tim Brechbill)",
        "CC BY-NC-SA 2.0 FR (MAPS)",
        "MAPS CC BY-NC-SA 2.0",
        "github:fosfrancesco/asap-dataset (CC BY-NC-SA 4.0)",
        "CC BY-SA 4.0",
        "CC BY NC 4.0",
        "CC BY-ND 4.0",
        "research/study only, no commercial use (repo readme)",
        "free, see oramics IR/EMT140-Plate",
        "OpenAIR terms (mostly CC BY / BY-SA); verify",
        "github:CPJKU/vienna4x22 (no licence file found; CC BY-NC-SA 4.0 on its site)",
        "Mitchell's own terms",
    ],
)
def test_not_free_or_not_clear(licence: str) -> None:
    assert not is_free(licence)
