"""Soundfonts: their lists of presets, and what FluidSynth makes of them."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import load_bank
from corpus.pianos import inventory, load_pianos, make_bank
from corpus.soundfonts import VELOCITIES, Preset, find_preset, list_presets
from transcriber.errors import AmtError, InputError, UsageError

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None, reason="FluidSynth is not installed"
)


def write_soundfont(path: Path) -> Path:
    """A soundfont of one decaying A4 over the whole keyboard, 10 ms of silence before it.

    Preset 0:0 has the layers that FluidSynth makes of any sound; 0:3 opens a filter below velocity
    64.
    """

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def listed(kind: bytes, *chunks: bytes) -> bytes:
        return chunk(b"LIST", kind + b"".join(chunks))

    def named(layout: str, *values: object) -> bytes:
        return struct.pack("<20s" + layout, str(values[0]).encode(), *values[1:])

    rate = 44_100
    t = np.arange(2 * rate) / rate
    sound = sum(np.sin(2 * np.pi * 440 * n * t) / n for n in range(1, 9)) * np.exp(-3 * t)
    sound = np.concatenate([np.zeros(441), 0.4 * sound, np.zeros(46)])
    pcm = np.round(sound * 20_000).astype("<i2").tobytes()
    headers = [("Grand", 0), ("Filtered", 3), ("EOP", 0)]
    # Generators: 41 instrument, 43 keys, 44 velocities, 8 filter, 53 sample.
    zones = [[(53, 0)], [(44, 63 << 8), (8, 6000), (53, 0)], [(44, 64 | 127 << 8), (53, 0)]]
    firsts = np.cumsum([0, *(len(zone) for zone in zones)]).tolist()
    body = listed(
        b"pdta",
        chunk(b"phdr", b"".join(named("HHHIII", name, program, 0, i, 0, 0, 0)
                                for i, (name, program) in enumerate(headers))),
        chunk(b"pbag", struct.pack("<6H", 0, 0, 1, 0, 2, 0)),
        chunk(b"pmod", bytes(10)),
        chunk(b"pgen", struct.pack("<6H", 41, 0, 41, 1, 0, 0)),
        chunk(b"inst", named("H", "one", 0) + named("H", "two", 1) + named("H", "EOI", 3)),
        chunk(b"ibag", b"".join(struct.pack("<2H", first, 0) for first in firsts)),
        chunk(b"imod", bytes(10)),
        chunk(b"igen", b"".join(struct.pack("<2H", *g) for zone in zones for g in zone) + bytes(4)),
        chunk(b"shdr", named("IIIIIBbHH", "a4", 0, len(sound) - 46, 500, 600, rate, 69, 0, 0, 1)
              + named("IIIIIBbHH", "EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    )  # fmt: skip
    info = listed(
        b"INFO",
        chunk(b"ifil", struct.pack("<2H", 2, 4)),
        chunk(b"isng", b"EMU8000\0"),
        chunk(b"INAM", b"Toy font"),
    )
    data = b"sfbk" + info + listed(b"sdta", chunk(b"smpl", pcm)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", len(data)) + data)
    return path


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_soundfont(tmp_path_factory.mktemp("fonts") / "toy.sf2")


def test_presets_are_listed(font: Path) -> None:
    assert list_presets(font) == [Preset(0, 0, "Grand"), Preset(0, 3, "Filtered")]
    assert find_preset(font, 0, 3).name == "Filtered"
    with pytest.raises(InputError, match="has no preset 0:1") as caught:
        find_preset(font, 0, 1)
    assert "0:0 Grand, 0:3 Filtered" in caught.value.remedy


def test_other_files_get_a_sentence(tmp_path: Path, font: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list_presets(tmp_path / "none.sf2")
    (tmp_path / "text.sf2").write_text("RIFF but not really")
    with pytest.raises(InputError, match="is no soundfont"):
        list_presets(tmp_path / "text.sf2")
    with pytest.raises(UsageError, match="no soundfont and no SFZ"):
        make_bank(tmp_path / "piano.wav", tmp_path)


def test_without_fluidsynth_it_says_what_to_install(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AmtError, match="FluidSynth, which is not installed"):
        make_bank(font, tmp_path)


@pytest.fixture
def few_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play two seconds of four keys at two velocities."""
    for name, value in (
        ("VELOCITIES", VELOCITIES[1::4]), ("KEY_STEP", 24), ("LONGEST_S", 2.0), ("_PERIOD_S", 3.0),
    ):  # fmt: skip
        monkeypatch.setattr(f"corpus.soundfonts.{name}", value)


@needs_fluidsynth
@pytest.mark.usefixtures("few_notes")
def test_a_soundfont_becomes_a_bank(font: Path, tmp_path: Path) -> None:
    path = make_bank(font, tmp_path, (0, 0), licence="CC0")
    assert path == tmp_path / "toy_grand.json"
    bank = load_bank(path)
    assert bank.licence == "CC0"
    assert bank.samples.shape[0] == 1  # the same in both channels
    # This font only turns the volume down: one layer.
    assert [[z.low_velocity, z.high_velocity] for z in bank.strikes[48]] == [[1, 127]]
    zone = bank.strikes[48][0]
    assert zone.root == 69
    sound = bank.samples[0, zone.start + zone.onset : zone.start + zone.onset + 8000]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(8000)))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=2)
    # Both layers of the other preset are kept, the lower one darker.
    layers = load_bank(make_bank(font, tmp_path, (0, 3))).strikes[48]
    assert [z.high_velocity for z in layers] == [69, 127]


@needs_fluidsynth
@pytest.mark.usefixtures("few_notes")
def test_a_soundfont_can_be_named_as_pianos(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (first,) = load_pianos(font)
    made = sorted(tmp_path.rglob("*.json"))
    assert len(made) == 1
    assert made[0].parent.name.endswith(inventory(font)[:16])
    monkeypatch.setenv("PATH", "")  # the second time, nothing is played
    (second,) = load_pianos(font)
    assert np.array_equal(first.samples, second.samples)


def test_an_sfz_library_can_be_named_as_pianos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import soundfile

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tone = np.exp(-np.arange(16_000) / 4000) * np.sin(np.arange(16_000) / 5)
    soundfile.write(tmp_path / "a.wav", 0.5 * tone, 16_000)
    library = tmp_path / "Toy piano.sfz"
    library.write_text("<region> sample=a.wav pitch_keycenter=75")
    before = inventory(library)
    (bank,) = load_pianos(library)
    assert (bank.name, bank.strikes[0][0].root) == ("toy_piano", 75)
    soundfile.write(tmp_path / "a.wav", 0.5 * tone[:12_000], 16_000)
    assert inventory(library) != before


def test_a_folder_without_banks_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="holds no sample banks"):
        load_pianos(tmp_path)
