"""Training segments drawn on the fly: no two alike, each decided by its number alone.

Segment `i` of seed `s` is the same bytes in any process and any order, which makes a run resumable
from a counter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import InputError
from transcriber.notes import Transcript
from transcriber.pitches import speed
from transcriber.timing import SAMPLE_RATE

from .acoustics import Acoustics
from .augmentation import AugmentationConfig, apply, draw
from .banks import Bank
from .doubling import doubled, together
from .instruments import MISTUNED, Instrument, draw_pitch
from .material import draw_material
from .performances import Repertoire, Style
from .recordings import Recording
from .rendering import render_labelled
from .restriking import restruck
from .soundboard import draw_soundboard, resound
from .transmission import detune

FloatArray = NDArray[np.float32]

LEAD_S = 5.0
"""Music rendered before a segment, so that it starts in the middle of sounding notes."""


@dataclass(frozen=True)
class Mix:
    """How often each kind of material is drawn (relative weights), and how.

    `soundfonts` is the share of renderings for which a soundfont's bank is taken, where there are
    any, and `bodies` the share of recordings that sound through the body of another piano. A share
    of `mistuned` among pianos, recorded ones too, is far from 440 Hz. Of the performances, a share
    of `doublings` is played in octaves here and there, a share of `restrikes` has long notes struck
    again, and a share of `chords_together` lacks the milliseconds between the strikes of a chord.
    """

    performances: float = 0.70
    recordings: float = 0.19
    exercises: float = 0.05
    silence: float = 0.1
    soundfonts: float = 0.4
    bodies: float = 0.5
    mistuned: float = MISTUNED
    doublings: float = 0.25
    restrikes: float = 0.15
    chords_together: float = 0.25
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)


@dataclass(frozen=True)
class Segment:
    """One drawn segment: float32 audio [S], and the transcript whose time 0 lies `lead_s` before
    the audio.
    """

    audio: FloatArray
    transcript: Transcript
    lead_s: float


class SegmentSource:
    """Draws segments from performances, banks, recordings and acoustics."""

    def __init__(
        self,
        repertoire: Repertoire,
        banks: list[Bank],
        recordings: list[Recording],
        acoustics: Acoustics,
        mix: Mix,
        seconds: float,
        seed: int,
        soundfonts: Sequence[Bank] = (),
    ) -> None:
        self.repertoire = repertoire
        self.banks = banks
        self.soundfonts = soundfonts
        self.recordings = recordings
        self.acoustics = acoustics
        self.mix = mix
        self.samples = round(seconds * SAMPLE_RATE)
        self.seed = seed
        self._by_length = np.cumsum(repertoire.durations_s)
        self._pianos: dict[str, list[Recording]] = {}
        for recording in recordings:
            if len(recording.audio) >= self.samples:
                self._pianos.setdefault(recording.piano, []).append(recording)
        pianos = bool(banks or soundfonts)
        weights = np.array([
            mix.performances if len(repertoire) and pianos else 0.0,
            mix.recordings if self._pianos else 0.0,
            mix.exercises if pianos else 0.0,
            mix.silence,
        ])  # fmt: skip
        if not weights.sum() > 0.0:
            raise InputError(
                "Nothing is left to draw segments from: every kind of material is missing, shorter "
                "than a segment, or has no share in the mix.",
                "Look at --set mix.… and --set seconds.",
            )
        self._shares = np.cumsum(weights / weights.sum())

    def draw(self, index: int) -> Segment:
        """Segment number `index` >= 0."""
        rng = np.random.default_rng((self.seed, index))
        kinds = (self._performance, self._recording, self._exercise, self._silence)
        kind = kinds[min(int(np.searchsorted(self._shares, rng.random(), side="right")), 3)]
        dry = kind(rng)
        piano = bool(dry.transcript.notes)
        chain = draw(self.mix.augmentation, self.acoustics, rng, piano=piano)
        # A segment keeps its length and its times; its piano has a pitch of its own already.
        chain = replace(chain, detune_cents=0.0)
        return replace(dry, audio=apply(dry.audio, chain, self.acoustics))

    def _instrument(self, rng: np.random.Generator) -> Instrument:
        banks: Sequence[Bank] = self.banks or self.soundfonts
        if self.banks and self.soundfonts and rng.random() < self.mix.soundfonts:
            banks = self.soundfonts
        bank = banks[int(rng.integers(len(banks)))]
        return Instrument.draw(bank, rng, self.banks, self.mix.mistuned)

    def _performance(self, rng: np.random.Generator) -> Segment:
        style = Style.draw(rng)
        at = rng.random() * self._by_length[-1]
        index = int(np.searchsorted(self._by_length, at, side="right"))
        performance = self.repertoire[min(index, len(self.repertoire) - 1)]
        length_s = self.samples / SAMPLE_RATE / style.tempo
        lead_s = LEAD_S / style.tempo
        start_s = rng.uniform(-1.0, max(0.0, performance.duration_s - 0.5 * length_s))
        played = performance.window(start_s, start_s + length_s, lead_s, style)
        if rng.random() < self.mix.chords_together:
            played = together(played)
        if rng.random() < self.mix.doublings:
            played = doubled(played, rng)
        if rng.random() < self.mix.restrikes:
            played = restruck(played, rng)
        return self._rendered(played, rng)

    def _exercise(self, rng: np.random.Generator) -> Segment:
        played = draw_material(LEAD_S + self.samples / SAMPLE_RATE, rng)
        return self._rendered(played, rng)

    def _rendered(self, played: Transcript, rng: np.random.Generator) -> Segment:
        instrument = self._instrument(rng)
        audio, heard = render_labelled(played, instrument, self.samples, LEAD_S)
        return Segment(audio, heard, LEAD_S)

    def _recording(self, rng: np.random.Generator) -> Segment:
        pianos = sorted(self._pianos)
        pieces = self._pianos[pianos[int(rng.integers(len(pianos)))]]
        lengths = np.cumsum([len(r.audio) for r in pieces])
        recording = pieces[int(np.searchsorted(lengths, rng.random() * lengths[-1], "right"))]
        cents = draw_pitch(rng, self.mix.mistuned)
        # Played faster it needs more sound, but for a recording that has no more.
        wanted = min(math.ceil(self.samples * speed(cents)) + 1, len(recording.audio))
        start = int(rng.integers(0, len(recording.audio) - wanted + 1))
        audio = recording.audio[start : start + wanted].astype(np.float32) / 32768.0
        audio = _exactly(detune(audio, cents), self.samples)
        if rng.random() < self.mix.bodies:
            audio = resound(audio[None], draw_soundboard(rng))
        start_s = start / SAMPLE_RATE
        nearby = [
            n
            for n in recording.transcript.notes
            if n.offset_s > start_s - 1.0 and n.onset_s < start_s + wanted / SAMPLE_RATE + 1.0
        ]
        pedals = [p for p in recording.transcript.pedals if p.offset_s > start_s]
        heard = Transcript(tuple(nearby), tuple(pedals)).faster(speed(cents))
        return Segment(audio, heard, start_s / speed(cents))

    def _silence(self, rng: np.random.Generator) -> Segment:
        return Segment(np.zeros(self.samples, np.float32), Transcript(), 0.0)


def _exactly(audio: FloatArray, samples: int) -> FloatArray:
    """Cut, or filled up with silence where a recording has no more."""
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))))
