"""What is taught is what is decoded: targets, read back by the decoder, are the notes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.targets import UNTAUGHT, LossWeights, losses, target_rows
from trainer.validation import decode
from transcriber import outputs
from transcriber.decoder import DecoderSettings
from transcriber.notes import Note, Pedal, Transcript
from transcriber.outputs import Activations
from transcriber.timing import FrameClock

CLOCK = FrameClock(hop=320, right=320, delay=4)
FRAMES = 120
LAST = FRAMES - 8
NEAREST_RESTRIKE = 4
"""Frames: three refractory ones, and one in which the key can be seen to be quiet again."""


def perfect_answers(transcript: Transcript, width: int = 2, start: int = 0) -> Activations:
    """What a network would answer that had learnt everything."""
    rows = target_rows(transcript, CLOCK, FRAMES, start, width)
    return Activations(np.where(rows == UNTAUGHT, 0.0, rows).astype(np.float32))


def seconds(frame: int) -> float:
    """The instant, frames counted from the first sample."""
    return frame * CLOCK.hop / CLOCK.sample_rate


@st.composite
def music(draw: st.DrawFn, moved: bool = False) -> Transcript:
    """Notes that begin and end on frames; with `moved`, they are struck between them."""
    notes = []
    for pitch in draw(st.sets(st.integers(21, 108), min_size=1, max_size=6)):
        at = draw(st.integers(0, 40))
        while at < LAST - 1:
            end = draw(st.integers(at + 1, LAST))
            shift = draw(st.integers(-159, 159)) / CLOCK.sample_rate if moved and at else 0.0
            velocity = draw(st.integers(1, 127))
            notes.append(Note(seconds(at) + shift, seconds(end), pitch, velocity))
            # The next strike may end this note, or come any time after.
            at = max(end, at + NEAREST_RESTRIKE) + draw(st.integers(0, 30))
    pedals, at = [], draw(st.integers(0, 30))
    while at < LAST - 3:
        up = draw(st.integers(at + 3, LAST))
        pedals.append(Pedal(seconds(at), seconds(up)))
        at = up + draw(st.integers(3, 40))
    return Transcript.of(notes, pedals, seconds(LAST))


def assert_same(found: Transcript, expected: Transcript) -> None:
    assert [(n.pitch, n.velocity) for n in found.notes] == [
        (n.pitch, n.velocity) for n in expected.notes
    ]
    for ours, theirs in zip(found.notes, expected.notes, strict=True):
        assert ours.onset_s == pytest.approx(theirs.onset_s, abs=0.6 / CLOCK.sample_rate)
        assert ours.offset_s == pytest.approx(theirs.offset_s, abs=1e-9)
    assert found.pedals == expected.pedals


@settings(max_examples=150)
@given(music(), st.integers(1, 2))
def test_targets_decode_to_the_notes(transcript: Transcript, width: int) -> None:
    found = decode(perfect_answers(transcript, width), DecoderSettings(), CLOCK, 10**6)
    assert_same(found, transcript)


@settings(max_examples=100)
@given(music(moved=True))
def test_strikes_between_frames_are_placed_to_the_sample(transcript: Transcript) -> None:
    found = decode(perfect_answers(transcript), DecoderSettings(), CLOCK, 10**6)
    by_onset = sorted(transcript.notes, key=lambda n: (n.pitch, n.onset_s))
    decoded = sorted(found.notes, key=lambda n: (n.pitch, n.onset_s))
    assert [n.pitch for n in decoded] == [n.pitch for n in by_onset]
    for ours, theirs in zip(decoded, by_onset, strict=True):
        assert round(ours.onset_s * 16_000) == pytest.approx(round(theirs.onset_s * 16_000), abs=1)


@given(st.integers(0, 30_000))
@settings(max_examples=60)
def test_a_strike_at_sample_n_is_reported_at_sample_n(sample: int) -> None:
    note = Note(sample / 16_000, sample / 16_000 + 0.5, 60, 64)
    (found,) = decode(perfect_answers(Transcript.of([note])), DecoderSettings(), CLOCK, 10**6).notes
    assert round(found.onset_s * 16_000) == sample


def test_a_strike_is_decided_within_the_lookahead() -> None:
    from transcriber.decoder import NoteDecoder

    for sample in range(3000, 3700, 7):
        note = Note(sample / 16_000, 1.5, 60, 64)
        answers = perfect_answers(Transcript.of([note]))
        (on, *_), _ = NoteDecoder(DecoderSettings(), CLOCK).step(answers, None)
        # Rounding to the nearest frame costs or wins half a hop.
        assert on.decided - sample <= CLOCK.lookahead + CLOCK.hop // 2


def test_two_strikes_nearer_than_a_hand_can_are_one() -> None:
    near = [Note(0.2, 0.3, 60, 64), Note(0.2 + 3 * 0.02, 0.5, 60, 64)]
    found = decode(perfect_answers(Transcript.of(near)), DecoderSettings(), CLOCK, 10**6)
    assert len(found.notes) == 1


def test_rows_by_hand() -> None:
    rows = target_rows(Transcript.of([Note(0.1, 0.2, 60, 64)], [Pedal(0.0, 0.1)]), CLOCK, 20)
    key = 60 - 21
    # 0.1 s is frame 5 of the sound, and its answer is due 4 frames later.
    assert np.flatnonzero(rows[:, outputs.ONSET][:, key]).tolist() == [9, 10]
    assert np.flatnonzero(rows[:, outputs.FRAME][:, key]).tolist() == [9, 10, 11, 12, 13]
    assert np.flatnonzero(rows[:, outputs.OFFSET][:, key]).tolist() == [14, 15]
    velocity = rows[:, outputs.VELOCITY][:, key]
    assert velocity[9:11].tolist() == [0.5, 0.5]
    assert (np.delete(velocity, [9, 10]) == UNTAUGHT).all()
    assert rows[8:11, outputs.SHIFT][:, key].tolist() == [1.0, 0.0, -1.0]
    assert np.flatnonzero(rows[:, outputs.PEDAL]).tolist() == [4, 5, 6, 7, 8]
    others = np.delete(rows[:, outputs.ONSET], key, axis=1)
    assert not others.any()


def test_a_segment_is_a_cut_of_the_whole() -> None:
    rng = np.random.default_rng(2)
    notes = [
        Note(at, at + rng.uniform(0.05, 1.5), int(rng.integers(40, 80)), 64)
        for at in rng.uniform(0, 4, 60).tolist()
    ]
    transcript = Transcript.of(notes, [Pedal(0.5, 3.0)])
    whole = target_rows(transcript, CLOCK, 300)
    cut = target_rows(transcript, CLOCK, 100, start=50 * CLOCK.hop)
    # The shift is exact to float rounding; all else is equal.
    assert np.allclose(cut, whole[50:150], atol=1e-4)
    assert np.array_equal(cut[:, : outputs.SHIFT.start], whole[50:150, : outputs.SHIFT.start])


def answers_and_targets() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    rows = target_rows(Transcript.of([Note(0.1, 0.2, 60, 64)]), CLOCK, 20)
    return torch.randn(1, 20, outputs.WIDTH, requires_grad=True), torch.from_numpy(rows)[None]


@pytest.mark.parametrize("part", ["velocity", "shift"])
def test_an_untaught_entry_has_no_gradient(part: str) -> None:
    raw, target = answers_and_targets()
    losses(raw, target, LossWeights())["total"].backward()
    where = getattr(outputs, part.upper())
    taught = target[..., where] != UNTAUGHT.item()
    assert 0 < taught.sum() < 10
    assert raw.grad is not None
    assert (raw.grad[..., where][taught] != 0).all()
    assert (raw.grad[..., where][~taught] == 0).all()


@pytest.mark.parametrize("part", ["onset", "frame", "offset", "pedal"])
def test_every_frame_teaches_the_rest(part: str) -> None:
    raw, target = answers_and_targets()
    losses(raw, target, LossWeights())["total"].backward()
    assert raw.grad is not None
    assert (raw.grad[..., getattr(outputs, part.upper())] != 0).all()


def test_losses_by_hand() -> None:
    raw, target = answers_and_targets()
    parts = losses(torch.zeros_like(raw), target, LossWeights(onset_positive=3.0))
    # At even odds each entry costs log 2; two of the 20 x 88 onsets count three times.
    even = float(np.log(2.0))
    assert float(parts["onset"]) == pytest.approx(even * (88 + 2 * 2 / 20), rel=1e-5)
    assert float(parts["frame"]) == pytest.approx(even * 88, rel=1e-5)
    assert float(parts["velocity"]) == pytest.approx(even, rel=1e-5)
    assert float(parts["shift"]) == pytest.approx(2 / 3, abs=1e-4)
    expected = sum(
        getattr(LossWeights(), name) * float(parts[name]) for name in parts if name != "total"
    )
    assert float(parts["total"]) == pytest.approx(expected, rel=1e-5)


def test_perfect_answers_cost_next_to_nothing() -> None:
    _, target = answers_and_targets()
    perfect = torch.where(target > 0.5, 20.0, -20.0)
    taught = target[..., outputs.VELOCITY] >= 0
    perfect[..., outputs.VELOCITY][taught] = 0.0  # velocity 64 is one half
    perfect[..., outputs.SHIFT] = target[..., outputs.SHIFT]
    parts = losses(perfect, target, LossWeights())
    assert float(parts.pop("velocity")) == pytest.approx(np.log(2.0), rel=1e-4)  # its entropy
    del parts["total"]
    assert all(float(value) < 1e-5 for value in parts.values())
    assert float(losses(-perfect, target, LossWeights())["onset"]) > 100


def test_a_batch_without_notes_has_a_finite_loss() -> None:
    rows = torch.from_numpy(target_rows(Transcript(), CLOCK, 20))[None]
    raw = torch.zeros(1, 20, outputs.WIDTH, requires_grad=True)
    parts = losses(raw, rows, LossWeights())
    parts["total"].backward()
    assert torch.isfinite(parts["total"])
    assert parts["velocity"].detach() == parts["shift"].detach() == 0.0


@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_strike_moved_before_the_end_of_its_key_alone_ends_the_note(late: int) -> None:
    """As chords are that are struck together: the labels of a key overlap."""
    at = seconds(30)
    notes = [Note(seconds(10), at, 60, 64), Note(at - seconds(late), seconds(50), 60, 64)]
    rows = target_rows(Transcript.of(notes), CLOCK, FRAMES)
    begin, end = (CLOCK.frame_of(CLOCK.samples(s)) for s in (seconds(10), seconds(50)))
    assert np.flatnonzero(rows[:, outputs.OFFSET].any(1)).tolist() == [end, end + 1]
    assert np.flatnonzero(rows[:, outputs.FRAME].any(1)).tolist() == list(range(begin, end))
