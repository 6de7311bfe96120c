"""SFZ files: opcodes, inheritance, and the sounds they point at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.sfz import Region, read_sfz, sampled
from transcriber.errors import InputError


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Region]]:
    def write_and_read(text: str, **others: str) -> list[Region]:
        for name, content in others.items():
            (tmp_path / f"{name}.sfz").write_text(content)
        (tmp_path / "piano.sfz").write_text(text)
        return read_sfz(tmp_path / "piano.sfz")

    return write_and_read


def test_a_region_inherits_and_a_new_group_forgets(read: Callable[..., list[Region]]) -> None:
    first, second = read(
        """
        <global> volume=-3 lovel=1
        <group> lovel=10 hivel=63 tune=-7 // soft
        <region> sample=a.wav key=60
        <group> /* loud,
        over two lines */ hivel=127 transpose=12
        <region> sample=b.wav lokey=58 hikey=62 pitch_keycenter=60 offset=100 end=899
        """
    )
    assert (first.keys, first.root, first.velocities) == ((60, 60), 60, (10, 63))
    assert (first.tune_cents, first.volume_db, first.offset, first.end) == (-7.0, -3.0, 0, None)
    # Transposed up by an octave, what sounds at key 60 is the sample as recorded an octave lower.
    assert (second.keys, second.root, second.velocities) == ((58, 62), 48, (1, 127))
    assert (second.tune_cents, second.offset, second.end) == (0.0, 100, 900)


def test_names_of_keys_and_of_files(read: Callable[..., list[Region]], tmp_path: Path) -> None:
    (tmp_path / "My Samples").mkdir()
    (tmp_path / "My Samples" / "Soft A#2.WAV").write_bytes(b"")
    (region,) = read(
        "<control> default_path=My Samples\\ note_offset=-12\n"
        "<region> sample=soft a#2.wav lokey=a#2 hikey=Db3 pitch_keycenter=c4 hivel=90"
    )
    assert region.path == tmp_path / "My Samples" / "Soft A#2.WAV"
    assert (region.keys, region.root) == ((46 - 12, 49 - 12), 60 - 12)


def test_definitions_and_includes(read: Callable[..., list[Region]]) -> None:
    regions = read(
        '#define $KEY 60\n#define $KEYS 62\n#include "layer.sfz"\n'
        '#define $KEY 64\n#include "layer.sfz"',
        layer="<region> sample=s$KEY.wav key=$KEY\n<region> sample=s$KEYS.wav key=$KEYS",
    )
    assert [(r.path.name, r.root) for r in regions] == [
        ("s60.wav", 60), ("s62.wav", 62), ("s64.wav", 64), ("s62.wav", 62),
    ]  # fmt: skip
    with pytest.raises(InputError, match="includes itself"):
        read('#include "piano.sfz"')


def test_only_what_notes_play(read: Callable[..., list[Region]]) -> None:
    regions = read(
        """
        <region> sample=down.wav key=60
        <region> sample=up.wav key=60 trigger=release_key
        <region> sample=*sine key=61
        <region> sample=pedal.wav key=62 on_locc64=126 on_hicc64=127
        <region> sample=second.wav key=60 seq_length=2 seq_position=2
        <region> sample=other.wav key=60 lorand=0.5 hirand=1
        <region> sample=off.wav lokey=-1 hikey=-1
        """
    )
    assert [(r.path.name, r.trigger) for r in regions] == [
        ("down.wav", "attack"), ("up.wav", "release"),
    ]  # fmt: skip


def test_sounds_are_cut_levelled_and_resampled(
    read: Callable[..., list[Region]], tmp_path: Path
) -> None:
    t = np.arange(48_000) / 48_000
    stereo = np.stack([0.5 * np.sin(2 * np.pi * 500 * t), 0.1 * np.sin(2 * np.pi * 500 * t)], 1)
    soundfile.write(tmp_path / "a.wav", stereo, 48_000)
    regions = read("<region> sample=a.wav key=60 offset=9600 end=33599 volume=-6.0206 tune=5")
    (sample,) = sampled(regions)
    assert sample.audio.shape == (8000, 2)
    assert np.abs(sample.audio).max(0) == pytest.approx([0.25, 0.05], abs=0.003)
    assert (sample.root, sample.tune_cents) == (60, 5.0)


def test_broken_libraries_get_a_sentence(read: Callable[..., list[Region]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_sfz(tmp_path / "none.sfz")
    with pytest.raises(InputError, match="no regions"):
        read("just text")
    with pytest.raises(InputError, match="a region that cannot be read"):
        read("<region> sample=a.wav lokey=loud")
    with pytest.raises(InputError, match=r"The sample .*missing\.wav cannot be read"):
        list(sampled(read("<region> sample=missing.wav key=60")))
