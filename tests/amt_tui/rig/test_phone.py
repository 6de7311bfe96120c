"""The rig that opens the phone's page: what it starts ends with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from amt_tui.rig import phone

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux")

# As Chromium is started: in a session of its own, outliving what started it.
STRAY = "setsid sleep 600 & echo $! > {pid}"


def gone(pid: int) -> bool:
    """Whether a process ends, given time; nobody may have asked yet how it ended."""
    for _ in range(3000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_what_was_started_ends_with_the_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    said = phone.run(["bash", "-c", f"echo heard; {STRAY.format(pid=pid)}"], {}, 30.0)
    assert said == "heard\n"
    assert gone(int(pid.read_text()))


def test_a_command_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pid = tmp_path / "pid"
    script = f"{STRAY.format(pid=pid)}; echo so far; sleep 600"
    for patience_s in (0.5, 5.0, 50.0):  # on a busy machine it has not begun so soon
        with pytest.raises(phone.PhoneError, match="did not end in time"):
            phone.run(["bash", "-c", script], {}, patience_s)
        if "so far" in capsys.readouterr().err:
            break
    assert gone(int(pid.read_text()))


def test_figures_are_read_with_their_bars(tmp_path: Path) -> None:
    path = tmp_path / "figures"
    assert phone.read_figures(path) == []
    path.write_text(
        '{"name": "first load", "value": 7.5, "unit": "MB", "most": 12}\n'
        '{"name": "F1", "value": 0.97, "unit": "", "least": 0.98}\n'
        '{"name": "nothing", "value": null, "unit": "", "least": 0.98}\n'
    )
    assert [figure.passed for figure in phone.read_figures(path)] == [True, False, False]


def test_pictures_stand_side_by_side_with_round_corners(tmp_path: Path) -> None:
    for name in phone.PLACES:
        Image.new("RGB", (90, 160), "red").save(tmp_path / f"{name}.png")
    phone.picture(tmp_path, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == phone.SHEET
        for left, top, width, height in phone.PLACES.values():
            assert left + width <= sheet.width
            assert top + height <= sheet.height
            assert sheet.getpixel((left + width // 2, top + height // 2)) == (255, 0, 0, 255)
            assert sheet.getpixel((left, top))[3] < 128
