"""Slopes, verdicts and the journal they are read from, on made-up figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trainer.memory.heap import HeapReport, LineGrowth
from trainer.memory.journal import NAME, Journal, Life, read_journal
from trainer.memory.leaks import GPU, judge
from trainer.memory.picture import draw
from trainer.memory.readings import GpuReading, Reading, Sample
from trainer.memory.slopes import LEAST_MB, mann_kendall, measure, theil_sen
from transcriber.errors import InputError


def series(sizes: list[float]) -> tuple[list[int], list[float]]:
    return list(range(1, len(sizes) + 1)), sizes


def life_of(
    main: list[float], worker: list[float] | None = None, gpu: list[float] | None = None
) -> Life:
    """Epoch ends with these held sizes, an hour apart."""
    samples = []
    for i, size in enumerate(main):
        readings = [Reading("main", 10, size + 50.0, size, size, size)]
        if worker is not None:
            readings.append(
                Reading("worker 0", 11, worker[i] + 50.0, worker[i], worker[i], worker[i])
            )
        card = GpuReading("cuda:0", gpu[i], 2 * gpu[i], 2 * gpu[i]) if gpu is not None else None
        samples.append(Sample(3600.0 * i, 100 * i, i + 1, tuple(readings), card))
    return Life(False, samples)


def heap(pid: int, at: str, mb_per_epoch: float, gpu: float = 0.0) -> HeapReport:
    return HeapReport(
        pid, 5, 9.0, 3, 1.0, 0.0, (LineGrowth(at, 9.0, mb_per_epoch, gpu, gpu, tensors=3),)
    )


def test_the_slope_ignores_a_quarter_of_wild_points() -> None:
    x = np.arange(20.0)
    y = 3.0 * x + 1.0
    y[[2, 7, 11, 12, 18]] += (900.0, -400.0, 50.0, 700.0, -80.0)
    assert theil_sen(x, y) == pytest.approx(3.0)


def test_rising_pairs_are_weighed_against_chance() -> None:
    assert mann_kendall([1.0, 2.0, 3.0, 4.0]) == pytest.approx(6 / np.sqrt(4 * 3 * 13 / 18))
    assert mann_kendall([1.0, 2.0, 2.0, 1.0]) == 0.0


def test_what_found_its_size_is_flat_lately_and_says_so() -> None:
    sizes = [100.0, *(100.0 + 10.0 * min(epoch, 8) for epoch in range(1, 20))]
    verdict = judge([life_of(sizes)])
    assert verdict.leaking is False
    assert str(verdict) == "flat lately (+2.73 MB/epoch over 18 epochs, +0.00 over the last 9)"


@pytest.mark.parametrize("rise", [1.0, 5.0])
def test_a_leak_is_called_after_five_epochs(rise: float) -> None:
    sizes = [100.0, 180.0, *(180.0 + rise * n for n in (1, 2, 3))]
    assert measure(*series(sizes[:4])) is None
    slope = measure(*series(sizes))
    assert slope is not None
    assert slope.leaking
    assert slope.mb_per_epoch == pytest.approx(rise)


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([90.0, 180.0, 180.2, 180.1, 180.3], id="noise"),
        pytest.param([74.0, 146.0, 192.0, 209.0, 227.0, 227.0], id="few epochs, then still"),
        pytest.param([90.0] * 25 + [190.0] * 25, id="one step in the middle"),
        pytest.param([200 - 90 * 0.8**n for n in range(50)], id="filling up"),
        pytest.param([100 + LEAST_MB / 3 * n for n in range(50)], id="too slow to matter"),
        pytest.param([100.0 + 40 * (n % 3) for n in range(50)], id="up and down"),
        pytest.param([500 - 5.0 * n for n in range(20)], id="falling"),
    ],
)
def test_what_is_no_leak(sizes: list[float]) -> None:
    slope = measure(*series(sizes))
    assert slope is not None
    assert not slope.leaking


def test_a_leak_at_every_tenth_epoch_is_one() -> None:
    noise = np.random.default_rng(1).normal(0.0, 3.0, 60)
    slope = measure(*series([100.0 + 20.0 * (n // 10) + noise[n] for n in range(60)]))
    assert slope is not None
    assert slope.leaking
    assert slope.mb_per_epoch == pytest.approx(2.0, rel=0.2)


def test_verdicts_in_words() -> None:
    rising, level = [100.0 + 8.0 * n for n in range(6)], [70.0] * 6
    assert str(judge([life_of(level[:3])])) == "too early to tell: 3 of 5 epochs"
    assert str(judge([life_of(level)])) == "flat (+0.00 MB/epoch over 4 epochs)"
    light = life_of(level, rising)
    told = "leaking about 8.0 MB/epoch in worker 0; --profile-memory names the line"
    assert str(judge([light])) == told
    profiled = Life(True, light.samples, [heap(10, "a.py:1", 0.1), heap(11, "b.py:2", 7.5)])
    assert str(judge([profiled])) == "leaking about 8.0 MB/epoch, most of it from b.py:2"
    profiled.heaps = [heap(11, "b.py:2", 2.0)]
    assert str(judge([profiled])) == "leaking about 8.0 MB/epoch, 2.0 of it from b.py:2"
    profiled.heaps = []
    told = "leaking about 8.0 MB/epoch in worker 0, not through Python: by a library's own"
    assert str(judge([profiled])).startswith(told)


def test_processes_that_leak_in_the_same_line_are_added_up() -> None:
    rising = [100.0 + 8.0 * n for n in range(6)]
    life = Life(True, life_of(rising, rising).samples)
    life.heaps = [heap(10, "a.py:1", 5.0), heap(11, "a.py:1", 6.0), heap(11, "b.py:2", 7.0)]
    life.heaps[1] = HeapReport(11, 5, 9.0, 3, 1.0, 0.0, life.heaps[1].lines + life.heaps[2].lines)
    del life.heaps[2]
    assert str(judge([life])) == "leaking about 16 MB/epoch, most of it from a.py:1"


def test_a_heap_that_grows_into_freed_room_leaks_too() -> None:
    life = Life(True, life_of([300.0] * 6).samples)
    lines = (LineGrowth("a.py:1", 9.0, 4.0),)
    life.heaps = [HeapReport(10, n, 4.0 * n, 3, 1.0, 0.0, lines) for n in (2, 3, 4, 5, 6)]
    verdict = judge([life])
    assert str(verdict) == "leaking about 4.0 MB/epoch, most of it from a.py:1"
    assert verdict.where == "main"


def test_gpu_memory_is_judged_by_itself() -> None:
    life = life_of([70.0] * 6, gpu=[1000.0 + 30.0 * n for n in range(6)])
    life.profiled, life.heaps = True, [heap(10, "a.py:1", 0.2, gpu=30.0)]
    verdict = judge([life])
    assert verdict.where == GPU
    told = "leaking about 30 MB/epoch of GPU memory, most of it from a.py:1"
    assert str(verdict) == told


def test_the_longest_life_is_judged() -> None:
    killed, longest = life_of([500.0, 600.0]), life_of([100.0 + 8.0 * n for n in range(6)])
    assert judge([killed, longest, killed]).mb_per_epoch == pytest.approx(8.0)


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    lives = [life_of([70.0] * 3, [20.0] * 3), life_of([70.0] * 6, gpu=[5.0] * 6)]
    lives[1].profiled, lives[1].heaps = True, [heap(11, "b.py:2", 7.5)]
    journal = Journal(tmp_path)
    for life in lives:
        journal.begin({"profiled": life.profiled})
        for sample in life.samples:
            journal.append("sample", sample.record())
        for report in life.heaps:
            journal.append("heap", report.record())
    assert read_journal(tmp_path) == lives
    with journal.path.open("a") as file:
        file.write('{"kind": "sample", "ti')  # killed in the middle of a write
    assert read_journal(tmp_path) == lives
    journal.begin({"profiled": False})  # and gone on with
    assert read_journal(tmp_path) == [*lives, Life()]
    for name in ("memory.png", "memory.svg"):
        draw(lives, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 10_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense\n{}\n",
        '{"kind": "sample"}\n',
        '{"kind": "begin", "profiled": false}\n{"kind": "heap", "pid": 3}\n',
        json.dumps([1]) + "\n{}\n",
    ],
)
def test_a_damaged_journal_is_said_to_be(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(InputError, match="is damaged"):
        read_journal(tmp_path)


def test_a_folder_without_a_journal(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no memory"):
        read_journal(tmp_path)
    with pytest.raises(InputError, match="There is no run folder"):
        read_journal(tmp_path / "missing")


def test_a_journal_that_cannot_be_written_is_let_go(tmp_path: Path) -> None:
    Journal(tmp_path / "missing").append("begin", {"profiled": False})
    assert not (tmp_path / "missing").exists()
