"""An evaluation as one JSON document: the same figures as the tables, and every piece's own.

Version 1 of format `amt-evaluation`. Scores are 0..1, times in the unit their names end in; what
could not be measured is null. Nothing in it depends on the clock or the machine: the same input
gives the same bytes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from transcriber.scores import Score

from .bars import Mark
from .evaluation import MEASURES, Latency, Result, Summary, Timing
from .faults import Bands, Faults
from .published import PUBLISHED

FORMAT = "amt-evaluation"
"""Value of `format`."""

VERSION = 1
"""Value of `version`."""

_DIGITS = 4


def summary_document(summary: Summary) -> dict[str, Any]:
    """Figures of all pieces together, then of each."""
    return {
        "mean": {name: _score(summary.mean[name]) for name in MEASURES},
        "pooled": {name: _score(summary.pooled[name]) for name in MEASURES},
        "onset_timing_ms": _timing(summary.timing),
        "decision_ms": _latency(summary.latency),
        **_faults(summary.faults),
        "pieces": [_result(result) for result in summary.results],
    }


def mark_document(mark: Mark) -> dict[str, Any]:
    """One figure beside its bar."""
    return {
        "title": mark.title,
        "value": round(mark.value, _DIGITS),
        "bar": mark.bar,
        "at_least": mark.at_least,
        "unit": mark.unit,
        "goal": mark.is_goal,
        "met": mark.met,
    }


def published_document() -> list[dict[str, Any]]:
    """What other systems have been reported to reach on other data."""
    return [asdict(one) for one in PUBLISHED]


def _result(result: Result) -> dict[str, Any]:
    scores = result.scores
    return {
        "name": result.name,
        "duration_s": round(result.faults.seconds, 3),
        "played": result.played,
        "found": result.found,
        "scores": {name: _score(getattr(scores, name)) for name in MEASURES},
        "onset_timing_ms": _timing(Timing.of(scores.onset_errors_s)),
        "decision_ms": _latency(Latency.of(result.decision_ms)),
        **_faults(result.faults),
    }


def _score(score: Score | None) -> dict[str, float] | None:
    if score is None:
        return None
    return {name: round(getattr(score, name), _DIGITS) for name in ("precision", "recall", "f1")}


def _timing(timing: Timing | None) -> dict[str, float] | None:
    if timing is None:
        return None
    return {
        "median": round(timing.median_ms, 2),
        "p95": round(timing.p95_ms, 2),
        "bias": round(timing.bias_ms, 2),
    }


def _latency(latency: Latency | None) -> dict[str, float] | None:
    if latency is None:
        return None
    return {
        "p50": round(latency.p50_ms, 2),
        "p95": round(latency.p95_ms, 2),
        "p99": round(latency.p99_ms, 2),
    }


def _faults(faults: Faults) -> dict[str, Any]:
    return {
        "extras": faults.extras,
        "extras_per_minute": round(faults.extras_per_minute, 2),
        "octave_errors": faults.octave_errors,
        "bands": {
            "register": _bands(faults.register),
            "velocity": _bands(faults.velocity),
            "polyphony": _bands(faults.polyphony),
        },
    }


def _bands(bands: Bands) -> dict[str, dict[str, float]]:
    return {
        band: {
            "played": bands.played[band],
            "missed": bands.missed[band],
            "extra": bands.extra[band],
            "f1": round(score.f1, _DIGITS),
        }
        for band, score in bands.scores()
    }
