from __future__ import annotations

from pathlib import Path

import pytest

from amt_tui.demo import FOLDER
from amt_tui.rig.soak import soak
from transcriber.model import Model
from transcriber.session import list_sessions


@pytest.mark.slow
def test_an_hour_of_playing_does_not_fill_the_memory(lively_model: Model, tmp_path: Path) -> None:
    growth, notes, _ = soak(lively_model, FOLDER / "demo.ogg", 1.0, tmp_path)
    assert growth.passed
    (session,) = list_sessions(tmp_path)
    assert session.finished
    assert session.notes == notes.value > 1000
    assert session.transcript().duration_s == pytest.approx(3600.0, abs=1.0)
