"""The page, built and opened by a browser whose microphone plays the demo recording.

`scripts/test -m phone` runs it; it needs Node, npm and Chromium. What the browser does is written
in phone/tests and phone/e2e; what it must hear is said here, by `amt transcribe`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from amt_tui.rig import phone
from transcriber.timing import SAMPLE_RATE

pytestmark = [pytest.mark.phone, pytest.mark.timeout(2400)]

SCRIPT = phone.ROOT / "scripts" / "phone"
HEARD_S = 12


@pytest.fixture(scope="module")
def page() -> Path:
    """Build the page with the bundled model."""
    if (program := phone.missing()) is not None:
        pytest.skip(f"{program} is not installed")
    phone.run([SCRIPT, "--build"], {}, 900.0)
    return phone.PAGE / "dist"


def test_its_own_checks_pass(page: Path) -> None:
    said = phone.run([SCRIPT, "--check"], {}, 600.0)
    assert "passed" in said
    assert (page / "sw.js").exists()


@pytest.mark.usefixtures("page")
def test_it_hears_keeps_and_plays_the_demo_recording(
    demo_sound: np.ndarray, tmp_path: Path
) -> None:
    recording = phone.take(demo_sound[: HEARD_S * SAMPLE_RATE], tmp_path / "take.wav")
    assert len(recording["notes"]) > 20
    figures = tmp_path / "figures"
    environment = {"AMT_PHONE_RECORDING": json.dumps(recording), phone.FIGURES: str(figures)}
    said = phone.run(["npm", "--prefix", phone.PAGE, "run", "e2e"], environment, 1500.0)
    print(said)
    assert len(phone.read_figures(figures)) >= 5
