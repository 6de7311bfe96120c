"""Small sources in the layouts of the real ones: MAESTRO, MAPS, sample banks, rooms and noises."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.plans import Plan, Settings, make_plan
from corpus.shards import ShardReport
from corpus.sources import parse_sources
from transcriber.midi import write_midi
from transcriber.notes import Note, Pedal, Transcript, sounding
from transcriber.timing import SAMPLE_RATE

MAESTRO_COLUMNS = (
    "canonical_composer",
    "canonical_title",
    "split",
    "year",
    "midi_filename",
    "audio_filename",
    "duration",
)


def played(seconds: float = 8.0, first: int = 60) -> Transcript:
    """One note every half second, with a pedal over the second second."""
    notes = [
        Note(0.25 + 0.5 * i, 0.6 + 0.5 * i, first + i % 12, 50 + 5 * (i % 8))
        for i in range(int(2 * seconds) - 1)
    ]
    pedals = [Pedal(1.0, 2.0)]
    return Transcript.of(sounding(notes, pedals), pedals, seconds)


def struck(transcript: Transcript, rate: int, seconds: float) -> np.ndarray:
    """A decaying tone for each note, float64 [S]."""
    out = np.zeros(round(seconds * rate))
    for note in transcript.notes:
        start = round(note.onset_s * rate)
        t = np.arange(min(rate // 2, len(out) - start)) / rate
        hertz = 440.0 * 2.0 ** ((note.pitch - 69) / 12.0)
        out[start : start + len(t)] += 0.2 * np.exp(-6.0 * t) * np.sin(2 * np.pi * hertz * t)
    return out


def record(stem: Path, audio: str, midi: str, rate: int = SAMPLE_RATE, channels: int = 1) -> None:
    """Writes a recording and its MIDI file."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    music = played()
    sound = struck(music, rate, 8.5)
    soundfile.write(f"{stem}{audio}", np.stack([sound] * channels, axis=1), rate)
    write_midi(music, f"{stem}{midi}")


def maestro_rows(version: int) -> list[dict[str, object]]:
    """Four pieces with the oddities of the real index."""
    ending = ".mid" if version == 2 else ".midi"
    pieces = [
        ("Frédéric Chopin", 'Ballade No. 1 in G Minor, Op. 23, "odd"', "train", 2004),
        ("Johann Sebastian Bach / Ferruccio Busoni", "Chaconne, BWV 1004", "train", 2006),
        ("Dmitri Shostakovich", "Prelude and Fugue, Op. 87", "validation", 2008),
        ("Alban Berg", "Sonata Op. 1", "test", 2018),
    ]
    return [
        {
            "canonical_composer": composer,
            "canonical_title": title,
            "split": split,
            "year": year,
            "midi_filename": f"{year}/MIDI-Unprocessed_{i:02d}_R1{ending}",
            "audio_filename": f"{year}/MIDI-Unprocessed_{i:02d}_R1.wav",
            "duration": 8.5,
        }
        for i, (composer, title, split, year) in enumerate(pieces)
    ]


def index_text(rows: Sequence[dict[str, object]], kind: str, version: int) -> str:
    """An index as the versions write it: CSV, JSON records (v1, v2), JSON columns (v3)."""
    if kind == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()
    if version < 3:
        return json.dumps(rows)
    columns = {name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}
    return json.dumps(columns)


@pytest.fixture
def maestro(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder, or a zip, in the layout of a MAESTRO version."""

    def make(version: int = 3, kind: str = "csv", *, zipped: bool = False) -> Path:
        name = f"maestro-v{version}.0.0"
        root = tmp_path / "sources" / name
        for i, row in enumerate(maestro_rows(version)):
            midi = Path(str(row["midi_filename"]))
            rate, channels = ((44_100, 2), (48_000, 2), (16_000, 1), (44_100, 1))[i]
            record(root / midi.with_suffix(""), ".wav", midi.suffix, rate, channels)
        text = index_text(maestro_rows(version), kind, version)
        (root / f"{name}.{kind}").write_text(text, encoding="utf-8")
        (root / "LICENSE").write_text("CC BY-NC-SA 4.0")
        if zipped:
            shutil.make_archive(str(root), "zip", root.parent, name)
            return root.with_name(f"{name}.zip")
        return root

    return make


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Make a folder in the layout of MAPS: two pianos in WAV + TXT, one repacked as FLAC + TSV."""
    root = tmp_path / "sources" / "MAPS"
    for piano, piece, audio in (
        ("AkPnBcht", "alb_se3", ".wav"),
        ("AkPnBcht", "chpn-p7", ".wav"),
        ("ENSTDkCl", "chpn-p7", ".wav"),
        ("SptkBGCl", "bach_846", ".flac"),
    ):
        stem = root / piano / "MUS" / f"MAPS_MUS-{piece}_{piano}"
        record(stem, audio, ".mid", 44_100, 2)
        keys = [(n.onset_s, n.key_offset_s, n.pitch, n.velocity) for n in played().notes]
        if audio == ".wav":
            lines = ["OnsetTime\tOffsetTime\tMidiPitch"]
            lines += [f"{on:.6f}\t{off:.6f}\t{pitch}" for on, off, pitch, _ in keys]
            Path(f"{stem}.txt").write_text("\r\n".join(lines) + "\r\n\r\n")
        else:
            lines = ["# onset,offset,note,velocity"]
            lines += [f"{on:.6f}\t{off:.6f}\t{pitch}.0\t{v}.0" for on, off, pitch, v in keys]
            Path(f"{stem}.tsv").write_text("\n".join(lines) + "\n")
    isolated = root / "AkPnBcht" / "ISOL" / "NO" / "MAPS_ISOL_NO_F_S0_M60_AkPnBcht"
    record(isolated, ".wav", ".mid", 44_100, 2)
    Path(f"{isolated}.txt").write_text("OnsetTime\tOffsetTime\tMidiPitch\n0.25\t0.6\t60\n")
    return root


@pytest.fixture
def performances(tmp_path: Path) -> Path:
    """Make a folder of MIDI files to render, eight pieces by two players each."""
    root = tmp_path / "sources" / "midi"
    root.mkdir(parents=True)
    for piece in range(8):
        for player in (1, 2):
            write_midi(played(12.0, 48 + piece), root / f"Étude {piece}_p0{player}.mid")
    return root


@pytest.fixture(scope="session")
def pianos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bank of decaying tones, three zones with two layers each."""
    root = tmp_path_factory.mktemp("pianos")
    zones = []
    (root / "tones").mkdir()
    for root_pitch, low, high in ((36, 21, 47), (60, 48, 71), (84, 72, 108)):
        for layer, (soft, loud) in enumerate(((1, 70), (71, 127))):
            t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
            hertz = 440.0 * 2.0 ** ((root_pitch - 69) / 12.0)
            tone = sum(np.sin(2 * np.pi * hertz * k * t) / k**2 for k in range(1, 3 + layer))
            file = f"{root_pitch}_{layer}.flac"
            soundfile.write(root / "tones" / file, 0.3 * np.exp(-2.0 * t) * tone, SAMPLE_RATE)
            zones.append(
                {
                    "file": file,
                    "root": root_pitch,
                    "lokey": low,
                    "hikey": high,
                    "lovel": soft,
                    "hivel": loud,
                    "trigger": "attack",
                    "lowpass_hz": None,
                    "onset_ms": 0.0,
                    "rms500_dbfs": -20.0 + 6.0 * layer,
                }
            )
    table = {"name": "tones", "licence": "CC0 (tones)", "zones": zones}
    (root / "tones.json").write_text(json.dumps(table))
    return root


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two rooms and two noises."""
    root = tmp_path_factory.mktemp("acoustics")
    rng = np.random.default_rng(5)
    items = []
    for i in range(2):
        decay = np.exp(-np.arange(4000) / 800.0)
        room = np.concatenate([np.zeros(100 * i), [1.0], 0.2 * decay * rng.normal(0, 1, 4000)])
        soundfile.write(root / f"room{i}.flac", room / np.abs(room).max(), SAMPLE_RATE)
        items.append({"kind": "rir", "file": f"room{i}.flac", "licence": "CC0 (rooms)"})
        soundfile.write(root / f"noise{i}.flac", 0.1 * rng.normal(0, 1, 16_000), SAMPLE_RATE)
        licence = ("CC0 (noise)", "research use, no commercial use")[i]
        items.append({"kind": "noise", "file": f"noise{i}.flac", "licence": licence})
    (root / "manifest.json").write_text(json.dumps({"items": items}))
    return root


@pytest.fixture
def plan(pianos: Path, rooms: Path) -> Callable[..., Plan]:
    """Make a plan over sources with small clips and shards."""

    def make(*sources: Path | str, **settings: object) -> Plan:
        values = {
            "pianos": str(pianos),
            "acoustics": str(rooms),
            "clip_s": 5.0,
            "shard_s": 15.0,
            **settings,
        }
        return make_plan(parse_sources([str(s) for s in sources]), Settings(**values))

    return make


class Quiet:
    """Listens to a build and remembers."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.made: list[int] = []

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        self.done = [report.number for report in done]

    def built(self, report: ShardReport) -> None:
        self.made.append(report.number)


@pytest.fixture
def quiet() -> Quiet:
    """Return a listener that shows nothing."""
    return Quiet()


@pytest.fixture
def contents() -> Callable[[Path], dict[str, str]]:
    """Return the hash of every file of a corpus."""

    def read(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "lock"
        }

    return read


@pytest.fixture
def program(repository: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python programs that see this project; with the test end they and all their children,
    also those that outlived them.
    """
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: Path) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *arguments], cwd=repository, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
