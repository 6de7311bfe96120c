from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf
from played import EVENTS

from transcriber import journal as journals
from transcriber.audio import AudioReader
from transcriber.engine import Engine
from transcriber.errors import InputError, OutputError
from transcriber.journal import SUFFIX, Journal, audio_path
from transcriber.midi import read_midi
from transcriber.model import Model
from transcriber.session import (
    export_audio,
    export_midi,
    find_session,
    list_sessions,
    read_session,
)
from transcriber.snapshot import Marker
from transcriber.sources import ArraySource, SourceError
from transcriber.timing import SAMPLE_RATE

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Journal:
    """Keep the events and a marker, and leave the journal open."""
    journal = Journal(tmp_path, {"model": "lively 0"}, audio=True, started=NOON)
    journal.sound(np.full(48_000, 0.25, np.float32), 0)
    journal.events(EVENTS)
    journal.mark(Marker(24_000, "again, slower"))
    journal.tick(48_000)
    return journal


def test_session_reads_back(kept: Journal) -> None:
    kept.close(50_000)

    session = read_session(kept.path)

    assert session.finished
    assert session.started == NOON
    assert session.about["model"] == "lively 0"
    assert session.events == tuple(EVENTS)
    assert session.markers == (Marker(24_000, "again, slower"),)
    assert session.samples == 50_000
    assert [note.pitch for note in session.transcript().notes] == [60, 62]


def test_unfinished_session_lacks_nothing_that_was_told(kept: Journal) -> None:
    session = read_session(kept.path)

    assert not session.finished
    assert session.events == tuple(EVENTS)
    assert session.samples == 48_000
    kept.close(48_000)


@pytest.mark.parametrize("cut", range(1, 12))
def test_torn_last_line_costs_that_line(kept: Journal, tmp_path: Path, cut: int) -> None:
    torn = tmp_path / f"torn{SUFFIX}"
    torn.write_bytes(kept.path.read_bytes()[: -1 - cut])
    kept.close(48_000)

    session = read_session(torn)

    assert session.events == tuple(EVENTS)
    assert session.samples == EVENTS[-1].sample


def test_sound_is_whole_with_and_without_an_end(kept: Journal, tmp_path: Path) -> None:
    path = audio_path(kept.path)
    with AudioReader(path) as reader:
        broken_off = np.concatenate(list(reader))
    kept.sound(np.full(1000, 0.5, np.float32), 49_000)
    kept.close(50_000)
    finished, rate = sf.read(path)

    np.testing.assert_allclose(broken_off, 0.25, atol=1e-4)
    assert len(broken_off) == 48_000
    assert rate == SAMPLE_RATE
    assert len(finished) == 50_000
    assert not finished[48_000:49_000].any()  # nothing was heard then
    np.testing.assert_allclose(finished[49_000:], 0.5, atol=1e-4)


def test_export_writes_notes_markers_and_sound(kept: Journal, tmp_path: Path) -> None:
    session = read_session(kept.path)

    export_midi(session, tmp_path / "out.mid", "by amt")
    export_audio(session, tmp_path / "out.wav")
    kept.close(48_000)

    assert [note.pitch for note in read_midi(tmp_path / "out.mid").notes] == [60, 62]
    assert b"again, slower" in (tmp_path / "out.mid").read_bytes()
    assert len(sf.read(tmp_path / "out.wav")[0]) == 48_000


@pytest.mark.parametrize("text", ["made by amt", "made by amt 2"])
def test_exported_sound_names_its_program(kept: Journal, tmp_path: Path, text: str) -> None:
    kept.close(48_000)

    export_audio(read_session(kept.path), tmp_path / "out.wav", text)

    written = (tmp_path / "out.wav").read_bytes()
    assert text.encode() + b"\0" in written[:100]
    assert int.from_bytes(written[4:8], "little") == len(written) - 8
    with AudioReader(tmp_path / "out.wav") as reader:
        assert sum(len(block) for block in reader) == 48_000
    assert len(sf.read(tmp_path / "out.wav")[0]) == 48_000
    assert text.encode() not in audio_path(kept.path).read_bytes()


def test_session_is_not_replaced_by_what_is_made_of_it(kept: Journal, tmp_path: Path) -> None:
    kept.close(48_000)
    session = read_session(kept.path)
    link = tmp_path / "link.mid"
    link.symlink_to(kept.path)
    before = kept.path.read_bytes(), audio_path(kept.path).read_bytes()

    with pytest.raises(OutputError, match="itself is kept"):
        export_audio(session, audio_path(kept.path))
    with pytest.raises(OutputError, match="itself is kept"):
        export_midi(session, link)

    assert (kept.path.read_bytes(), audio_path(kept.path).read_bytes()) == before


def test_sound_is_found_behind_a_header_of_any_length(kept: Journal, tmp_path: Path) -> None:
    kept.close(48_000)
    session = read_session(kept.path)
    export_audio(session, tmp_path / "tagged.wav", "made by amt")
    (tmp_path / "tagged.wav").replace(audio_path(kept.path))

    export_audio(session, tmp_path / "out.wav")

    np.testing.assert_allclose(sf.read(tmp_path / "out.wav")[0], np.full(48_000, 0.25), atol=1e-4)


@pytest.mark.parametrize(("data", "words"), [(b"", ""), (b"no sound", "is damaged")])
def test_sound_not_begun_is_empty_and_a_damaged_one_is_a_sentence(
    kept: Journal, tmp_path: Path, data: bytes, words: str
) -> None:
    kept.close(48_000)
    audio_path(kept.path).write_bytes(data)
    session = read_session(kept.path)
    if words:
        with pytest.raises(InputError, match=words):
            export_audio(session, tmp_path / "out.wav")
        return
    export_audio(session, tmp_path / "out.wav")
    assert len(sf.read(tmp_path / "out.wav")[0]) == 0


def test_sessions_are_listed_and_found(kept: Journal, tmp_path: Path) -> None:
    kept.close(48_000)
    Journal(tmp_path, started=NOON).close(1)
    (tmp_path / f"broken{SUFFIX}").write_text("{}\n")

    names = [session.name for session in list_sessions(tmp_path)]

    assert names == ["2026-11-22T120000-2", "2026-11-22T120000"]
    assert find_session("last", tmp_path).name == "2026-11-22T120000-2"
    assert find_session("2026-11-22T120000", tmp_path).path == kept.path
    assert find_session(str(kept.path), tmp_path).path == kept.path
    with pytest.raises(InputError, match="several"):
        find_session("2026", tmp_path)
    with pytest.raises(InputError, match="no session"):
        find_session("1999", tmp_path)


def test_latest_session_is_the_last_even_where_the_clock_was_put_back(tmp_path: Path) -> None:
    for hours, minute in ((2, 30), (1, 10)):  # forty minutes from one to the other
        there = timezone(timedelta(hours=hours))
        Journal(tmp_path, started=datetime(2026, 10, 25, 2, minute, tzinfo=there)).close(1)
    (tmp_path / f"by hand{SUFFIX}").write_text(
        '{"format": "amt-session", "version": 1, "started": "2026-01-01T00:00:00"}\n'
    )

    names = [session.name for session in list_sessions(tmp_path)]

    assert names == ["2026-10-25T021000", "2026-10-25T023000", "by hand"]
    assert find_session("last", tmp_path).name == "2026-10-25T021000"


def test_session_in_which_nothing_was_heard_leaves_nothing(tmp_path: Path) -> None:
    Journal(tmp_path, audio=True).close(0)

    assert list(tmp_path.iterdir()) == []


def test_session_without_sound_says_how_to_keep_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close(1)

    with pytest.raises(InputError, match="without sound"):
        export_audio(read_session(journal.path), tmp_path / "out.wav")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a session"),
        ("[1]\n", "not a session"),
        ('{"format": "amt-session", "version": "2"}\n', "not a session"),
        ('{"format": "amt-session", "version": 99}\n', "later version"),
    ],
)
def test_what_is_no_session_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / f"x{SUFFIX}"
    path.write_text(text)

    with pytest.raises(InputError, match=words):
        read_session(path)


def test_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="cannot be written"):
        Journal(tmp_path / "file" / "sessions")


def test_full_disk_ends_the_journal_and_not_the_music(
    engine_on: Callable, paced: Callable, drive: Callable, tmp_path: Path, strike_sound: Callable
) -> None:
    journal = Journal(tmp_path)
    engine = engine_on(paced(strike_sound(2.0)), journal=journal)
    drive(engine, 50)
    journal._text.close()
    journal._text = open("/dev/full", "wb", buffering=0)  # noqa: SIM115

    drive(engine)
    engine.stop()

    shot = engine.snapshot()
    journal._text.close()
    assert "no longer kept" in shot.notice
    assert "No space left" in shot.notice
    assert shot.samples == 2 * SAMPLE_RATE


def test_engine_keeps_everything_it_tells(
    engine_on: Callable, paced: Callable, drive: Callable, tmp_path: Path, strike_sound: Callable
) -> None:
    sound = strike_sound(2.0)
    journal = Journal(tmp_path, audio=True)
    engine = engine_on(paced(sound), journal=journal)
    drive(engine, 100)
    marker = engine.mark("here")
    drive(engine)
    engine.stop()

    session = read_session(journal.path)

    # The log and the journal round confidences differently.
    told = [(type(e), e.sample, e.decided) for e in engine.events()]
    assert [(type(e), e.sample, e.decided) for e in session.events] == told
    assert session.markers == (marker,)
    assert session.samples == len(sound)
    assert session.sources[0].text.startswith("array, 16000 Hz, 1 channel")
    np.testing.assert_allclose(sf.read(audio_path(journal.path))[0], sound, atol=1e-4)


def test_driver_that_hangs_when_closed_holds_up_nothing(
    lively_model: Model, tmp_path: Path, strike_sound: Callable
) -> None:
    closing, ends = threading.Event(), threading.Event()
    source = ArraySource(strike_sound(0.5), paced=True)

    def close() -> None:
        closing.set()
        ends.wait(30.0)

    source.close = close  # type: ignore[method-assign]
    journal = Journal(tmp_path)
    engine = Engine(lively_model, lambda: source, journal=journal)
    engine.start()
    while not engine.snapshot().samples:
        time.sleep(0.01)

    with pytest.raises(SourceError, match="does not let go"):
        engine.stop(0.2)

    assert closing.wait(10.0)
    assert read_session(journal.path).finished
    assert engine.snapshot().state == "stopped"
    ends.set()
    engine.stop(10.0)


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from transcriber.engine import Engine
from transcriber.journal import Journal
from transcriber.model import load_model
from transcriber.sources import ArraySource

sound = np.load(sys.argv[2])
engine = Engine(
    load_model(sys.argv[1]),
    lambda: ArraySource(sound, paced=True),
    journal=Journal(Path(sys.argv[3]), audio=True),
)
engine.start()
while True:
    print(engine.snapshot().samples, len(engine.events()), flush=True)
    time.sleep(0.02)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_kill_loses_at_most_the_last_second(
    lively_model_path: Path, strike_sound: Callable, tmp_path: Path
) -> None:
    np.save(tmp_path / "sound.npy", strike_sound(30.0))
    arguments = [str(lively_model_path), str(tmp_path / "sound.npy"), str(tmp_path / "kept")]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        samples = events = 0
        deadline = time.monotonic() + 30.0
        while samples < 3 * SAMPLE_RATE and time.monotonic() < deadline:
            samples, events = map(int, process.stdout.readline().split())
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()

    session = read_session(next((tmp_path / "kept").glob(f"*{SUFFIX}")))

    assert events > 10
    assert len(session.events) >= events
    assert session.samples > samples - SAMPLE_RATE
    assert session.audio is not None
    with AudioReader(session.audio) as reader:
        kept = sum(len(block) for block in reader)
    assert kept > samples - SAMPLE_RATE


def test_wav_longer_than_its_header_can_say_promises_nothing() -> None:
    assert journals.wav_header(2**32)[-4:] == b"\xff\xff\xff\xff"


def test_a_name_too_long_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no session"):
        find_session("x" * 300, tmp_path)


def test_all_models_that_listened_are_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {"model": "live 1.4.0"})
    for name in ("free", "live", "free"):
        version = {"free": "1.1.0", "live": "1.4.0"}[name]
        journal.model(1600, SimpleNamespace(name=name, version=version))  # type: ignore[arg-type]
    journal.close(3200)
    assert read_session(journal.path).about["model"] == "live 1.4.0, free 1.1.0"
