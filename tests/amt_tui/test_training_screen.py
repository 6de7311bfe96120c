"""The screen and the lines of a training, from made-up reports and a clock that stands still."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from amt_tui.sparklines import BLOCKS, Trace, sparkline
from amt_tui.training_lines import TrainingLines
from amt_tui.training_screen import TrainingScreen
from trainer.memory.leaks import Verdict
from trainer.observers import Beginning, Ending, Step, Validation

SCORES = {
    "threshold": 0.5,
    "onset_f1": 0.8,
    "onset_precision": 0.82,
    "onset_recall": 0.78,
    "offset_f1": 0.5,
    "velocity_f1": 0.4,
    "frame_f1": 0.7,
    "pedal_f1": 0.6,
    "onset_error_ms": 9.25,
}
PARTS = ("total", "onset", "frame", "offset", "velocity", "shift", "pedal")


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def console(width: int = 80, height: int = 24, *, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), width=width, height=height, force_terminal=terminal)


def beginning(step: int = 0, run: Path = Path("runs/night")) -> Beginning:
    config = SimpleNamespace(steps=1000, step_s=96.0)
    return Beginning(run, config, step, 0.0, {"processes": 1, "device": "cpu"})


def step(number: int) -> Step:
    loss = 1.0 + math.exp(-number / 50)
    return Step(number, dict.fromkeys(PARTS, loss), 1.0, 1e-3, 0.9, 0.1, 96.0)


def validation(number: int, f1: float) -> Validation:
    return Validation(number, SCORES | {"onset_f1": f1}, True, 5.0)


def drawn(screen: TrainingScreen, width: int, height: int) -> list[str]:
    paper = Console(file=io.StringIO(), width=width, height=height)
    paper.print(screen.draw())
    return paper.file.getvalue().splitlines()


def trained(console: Console, clock: Clock, steps: int) -> TrainingScreen:
    screen = TrainingScreen(console, clock=clock)
    screen.begin(beginning())
    for number in range(1, steps + 1):
        clock.now += 1.0
        screen.step(step(number))
        if number % 20 == 0:
            screen.validation(validation(number, 0.9 if number == 40 else 0.8))
    return screen


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_everything_fits(clock: Clock, width: int, height: int) -> None:
    screen = trained(console(width, height), clock, 100)
    try:
        lines = drawn(screen, width, height)
    finally:
        screen.close()
    text = "\n".join(lines)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert "step 100 of 1,000  15:00 left" in text
    assert "96.0 s/s" in text
    assert re.search(r"waiting +10\.0 %", text)
    assert "2.7 h" in text
    for part in PARTS:
        line = next(line for line in lines if part in line)
        assert BLOCKS[-1] in line
    assert "Ctrl-C" in lines[-1]
    best = next(line for line in lines if "★" in line)
    assert ".900" in best
    assert "40" in best
    assert sum(".800" in line for line in lines) == 4


def test_the_best_validation_stays_in_sight(clock: Clock) -> None:
    screen = trained(console(), clock, 400)
    try:
        text = "\n".join(drawn(screen, 80, 24))
    finally:
        screen.close()
    assert "★ 40" in text
    assert " 400 " in text
    assert " 20 " not in text


def test_before_the_first_step(clock: Clock) -> None:
    terminal = console()
    screen = TrainingScreen(terminal, clock=clock)
    screen.begin(beginning())
    try:
        text = "\n".join(drawn(screen, 80, 24))
    finally:
        screen.close()
    assert "first step…" in text
    assert "none yet" in text


def test_the_terminal_is_given_back_with_one_line(clock: Clock) -> None:
    terminal = console()
    screen = trained(terminal, clock, 50)
    screen.finish(Ending(50, "stopped"))
    screen.close()
    written = terminal.file.getvalue()
    left = written.rindex("\x1b[?1049l")  # leaves the alternate screen
    assert "Stopped and saved at step 50, after 0:50; best note-onset F1 0.900." in written[left:]
    assert written.rindex("\x1b[?25h") > written.index("\x1b[?25l")  # the cursor is back
    screen.close()


def test_a_resumed_run_remembers(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"steps": 1000, "batch": 12, "seconds": 8.0}')
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 20, "total": 2.0, "rate": 0.001, "audio_per_s": 90.0}\n'
        '{"step": 20, "validation": {"onset_f1": 0.654}, "best": true, "seconds": 3.0}\n'
        '{"step": 40, "total": 1.0, "rate": 0.001, "audio_per_s": 80.0}\n'
    )
    screen = TrainingScreen(console(), clock=clock)
    screen.begin(beginning(40, tmp_path))
    try:
        text = "\n".join(drawn(screen, 80, 24))
    finally:
        screen.close()
    assert "step 40 of 1,000" in text
    assert ".654" in text
    assert BLOCKS[-1] + BLOCKS[0] in text


def test_a_log_gets_a_line_now_and_then(clock: Clock) -> None:
    log = console(terminal=False)
    lines = TrainingLines(log, clock=clock)
    lines.begin(beginning())
    for number in range(1, 26):
        clock.now += 1.0
        lines.step(step(number))
    lines.validation(validation(25, 0.7))
    lines.epoch(1)
    lines.finish(Ending(25, "early"))
    lines.close()
    said = log.file.getvalue().splitlines()
    assert said[0].startswith("runs/night begins: 1000 steps of 96 s of audio, 1 process(es)")
    assert [line.split()[1] for line in said[1:-2]] == ["1/1000", "11/1000", "21/1000"]
    assert "96 audio-s/s  waiting 10.0 %" in said[2]
    assert said[-2].startswith("validation at step 25:")
    assert said[-1] == "Ended early, since validations got no better, at step 25."


def test_the_last_word_is_about_memory(clock: Clock) -> None:
    verdict = Verdict(True, 8.0, where="worker 0", line="corpus/banks.py:70",
                      line_mb_per_epoch=8.0, profiled=True)  # fmt: skip
    memory = SimpleNamespace(panel=lambda: SimpleNamespace(verdict=verdict))
    log = console(terminal=False)
    lines = TrainingLines(log, memory, clock)
    lines.finish(Ending(25, "finished"))
    assert log.file.getvalue().splitlines() == [
        "Finished at step 25.",
        "Memory: leaking about 8.0 MB/epoch, most of it from corpus/banks.py:70.",
    ]
    silent = TrainingLines(console(terminal=False), SimpleNamespace(panel=lambda: None))
    silent.finish(Ending(25, "finished"))


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([], 5, ""),
        ([1.0], 0, ""),
        ([2.0, 2.0], 5, "▁▁"),
        ([0.0, 7.0], 5, "▁█"),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8, BLOCKS),
        ([0.0, 0.0, 7.0, 7.0], 2, "▁█"),
    ],
)
def test_sparklines(values: list[float], width: int, expected: str) -> None:
    assert sparkline(values, width) == expected


def test_logarithmic_sparklines_show_ratios() -> None:
    assert sparkline([1.0, 10.0, 100.0], 3, logarithmic=True) == "▁▅█"
    assert sparkline([0.0, 7.0], 2, logarithmic=True) == "▁█"


def test_a_trace_stays_small_and_keeps_its_mean() -> None:
    trace = Trace(capacity=8)
    for value in range(1000):
        trace.add(float(value))
        assert len(trace.values()) <= 8
    values = trace.values()
    assert values == sorted(values)
    assert values[0] < 70.0
    assert values[-1] > 900.0
