"""What the network should answer: transcripts turned into target rows, and the losses that compare.

Targets are binary and never before the onset (Hu et al., ISMIR 2025): unlike Kong's triangles they
can be decoded without the future. An onset is 1 in the frame nearest to it and in the next; `shift`
says how far the true onset lies from a frame's instant, so the timing is finer than the hop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from transcriber import outputs
from transcriber.notes import Note, Transcript
from transcriber.timing import LOWEST_PITCH, PITCHES, FrameClock

SHIFT_REACH = 1
"""Frames on each side of the onset frame where `shift` is taught."""

UNTAUGHT = np.float32(-99.0)
"""Marks entries of velocity and shift that no onset defines."""


def target_rows(
    transcript: Transcript,
    clock: FrameClock,
    frames: int,
    start: int = 0,
    onset_width: int = 2,
) -> NDArray[np.float32]:
    """Targets [frames, WIDTH] for a segment cut from a longer recording.

    Args:
        transcript: Sounding notes and pedal presses of the recording. Notes struck before the
            segment and still sounding in it teach frames and offsets, no onset.
        clock: Frame arithmetic including the delay.
        frames: Length of the segment in frames.
        start: Sample of the recording at which the segment begins.
        onset_width: Frames that carry each onset and offset target.

    Returns:
        float32, laid out as `transcriber.outputs`; velocity and shift are `UNTAUGHT` where no onset
        is near.
    """
    rows = np.zeros((frames, outputs.WIDTH), np.float32)
    onset, frame, offset = (rows[:, s] for s in (outputs.ONSET, outputs.FRAME, outputs.OFFSET))
    velocity, shift = rows[:, outputs.VELOCITY], rows[:, outputs.SHIFT]
    velocity[:] = shift[:] = UNTAUGHT
    first = clock.instant(0) + start
    spans: list[tuple[Note, int, int]] = []
    following: dict[int, int] = {}
    # Backwards, for a note ends with the next strike of its key, also where its label says later.
    for note in reversed(transcript.notes):
        key = note.pitch - LOWEST_PITCH
        strike = clock.frame_of(clock.samples(note.onset_s) - start)
        end = max(clock.frame_of(clock.samples(note.offset_s) - start), strike + 1)
        end = min(end, following.get(key, end))
        spans.append((note, strike, end))
        following[key] = strike
    for note, strike, end in reversed(spans):
        key = note.pitch - LOWEST_PITCH
        if end + onset_width <= 0 or strike - SHIFT_REACH >= frames:
            continue
        frame[max(strike, 0) : max(end, 0), key] = 1.0
        offset[max(end, 0) : end + onset_width, key] = 1.0
        onset[max(strike, 0) : max(strike + onset_width, 0), key] = 1.0
        exact = (note.onset_s * clock.sample_rate - first) / clock.hop
        for at in range(max(strike - SHIFT_REACH, 0), min(strike + SHIFT_REACH + 1, frames)):
            shift[at, key] = exact - at
        velocity[max(strike, 0) : max(strike + onset_width, 0), key] = (
            note.velocity / outputs.VELOCITY_SCALE
        )
    # Where a key is struck again, the strike alone ends the note before it.
    offset[onset > 0] = 0.0
    for pedal in transcript.pedals:
        down = clock.frame_of(clock.samples(pedal.onset_s) - start)
        up = clock.frame_of(clock.samples(pedal.offset_s) - start)
        rows[max(down, 0) : max(up, 0), outputs.PEDAL] = 1.0
    return rows


@dataclass(frozen=True)
class LossWeights:
    """Share of each part in the loss, and the weight of positive frames in two of them."""

    onset: float = 1.0
    frame: float = 0.3
    offset: float = 0.25
    velocity: float = 0.25
    shift: float = 0.05
    pedal: float = 0.02
    onset_positive: float = 2.0
    offset_positive: float = 2.0


def losses(raw: Tensor, target: Tensor, weights: LossWeights) -> dict[str, Tensor]:
    """Loss parts and their weighted sum under "total".

    Args:
        raw: Network answers [B, T, WIDTH].
        target: Target rows [B, T, WIDTH].
        weights: Share of each part.

    Onset, frame, offset and pedal are binary cross-entropies per frame, summed over keys; velocity
    is a cross-entropy against velocity / 128 and shift an absolute error in hops, both meaned over
    taught entries.
    """
    raw = raw.float()

    def entropy(part: slice, positive: float) -> Tensor:
        weight = raw.new_tensor(positive)
        loss = F.binary_cross_entropy_with_logits(
            raw[..., part], target[..., part], pos_weight=weight
        )
        return loss * PITCHES

    speed, speed_target = raw[..., outputs.VELOCITY], target[..., outputs.VELOCITY]
    taught = (speed_target >= 0).float()
    speed_loss = F.binary_cross_entropy_with_logits(
        speed, speed_target.clamp_min(0.0), weight=taught, reduction="sum"
    ) / taught.sum().clamp_min(1.0)
    shift, shift_target = raw[..., outputs.SHIFT], target[..., outputs.SHIFT]
    near = (shift_target > UNTAUGHT.item() / 2).float()
    shift_loss = ((shift - shift_target).abs() * near).sum() / near.sum().clamp_min(1.0)
    parts = {
        "onset": entropy(outputs.ONSET, weights.onset_positive),
        "frame": entropy(outputs.FRAME, 1.0),
        "offset": entropy(outputs.OFFSET, weights.offset_positive),
        "velocity": speed_loss,
        "shift": shift_loss,
        "pedal": F.binary_cross_entropy_with_logits(
            raw[..., outputs.PEDAL], target[..., outputs.PEDAL]
        ),
    }
    total = sum(
        (getattr(weights, name) * value for name, value in parts.items()), raw.new_zeros(())
    )
    return {"total": total, **parts}


def stack(rows: list[NDArray[np.float32]]) -> Tensor:
    """Target rows of several segments as one tensor [B, T, WIDTH]."""
    return torch.from_numpy(np.stack(rows))
