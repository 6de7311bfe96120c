"""Practice material: whatever is drawn can be played on a piano."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.material import KINDS, draw_material
from corpus.performances import SOFTEST


@pytest.mark.parametrize("seed", range(40))
def test_material_is_playable(seed: int) -> None:
    played = draw_material(8.0, np.random.default_rng(seed))
    assert len(played.notes) >= 3
    assert played.duration_s >= 8.0
    last: dict[int, float] = {}
    for note in played.notes:  # Note itself refuses impossible pitches, velocities and times
        assert note.key_offset_s is not None
        assert note.onset_s < note.key_offset_s <= note.offset_s
        # One string: a note has ended, but for its shortest length, when its key is struck again.
        assert last.get(note.pitch, 0.0) <= note.onset_s + 0.01
        last[note.pitch] = note.offset_s
    ends = [0.0]
    for pedal in played.pedals:
        assert pedal.onset_s >= ends[-1]
        ends.append(pedal.offset_s)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fills_its_time_and_its_keyboard(kind: object) -> None:
    notes = [n for seed in range(20) for n in kind(20.0, np.random.default_rng(seed))]
    assert min(n.onset_s for n in notes) < 1.0
    assert max(n.onset_s for n in notes) > 15.0
    assert min(n.pitch for n in notes) < 40
    assert max(n.pitch for n in notes) > 90
    assert len({n.velocity for n in notes}) > 50


@pytest.mark.parametrize("kind", KINDS)
def test_no_note_is_too_soft_to_be_heard(kind: object) -> None:
    notes = [n for seed in range(20) for n in kind(20.0, np.random.default_rng(seed))]
    assert SOFTEST <= min(n.velocity for n in notes) < 30


def test_the_same_seed_gives_the_same_music() -> None:
    first, again, other = (draw_material(5.0, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == again != other
