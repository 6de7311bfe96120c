from __future__ import annotations

from types import SimpleNamespace

import mido
import pytest

from transcriber.errors import OutputError
from transcriber.events import NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.midi_port import MidiPort, open_midi_port

PORTS = ["Through 0", "FluidSynth 1:0", "My organ 2:0", "Organ"]


class FakePort:
    def __init__(self, breaks: bool = False) -> None:
        self.sent: list[mido.Message] = []
        self.closed = False
        self._breaks = breaks

    def send(self, message: mido.Message) -> None:
        if self._breaks:
            raise OSError("unplugged")
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


def test_events_become_messages() -> None:
    port = FakePort()
    midi = MidiPort(port, "synth")
    events = [NoteOn(0, 1, 60, 99, 0.9), PedalOn(1, 2), NoteOff(2, 3, 60), PedalOff(3, 4)]

    midi.heard(events)

    assert [str(message) for message in port.sent] == [
        "note_on channel=0 note=60 velocity=99 time=0",
        "control_change channel=0 control=64 value=127 time=0",
        "note_off channel=0 note=60 velocity=0 time=0",
        "control_change channel=0 control=64 value=0 time=0",
    ]


def test_close_silences_the_synthesizer() -> None:
    port = FakePort()

    MidiPort(port, "synth").close()

    assert [message.control for message in port.sent] == [64, 123]
    assert port.closed


def test_port_that_went_away_is_a_sentence_and_closes_quietly() -> None:
    port = FakePort(breaks=True)
    midi = MidiPort(port, "synth")

    with pytest.raises(OutputError, match="synth no longer takes notes"):
        midi.heard([NoteOn(0, 1, 60, 99, 0.9)])
    midi.close()
    assert port.closed


@pytest.mark.parametrize(
    ("wanted", "opened"),
    [
        ("fluid", ("FluidSynth 1:0", {})),
        ("organ", ("Organ", {})),  # rather than the one that only contains the word
        ("amt", ("amt", {"virtual": True})),
    ],
)
def test_port_is_found_by_part_of_its_name_or_made(
    monkeypatch: pytest.MonkeyPatch, wanted: str, opened: tuple
) -> None:
    calls = []
    monkeypatch.setattr(mido, "get_output_names", lambda: PORTS)
    monkeypatch.setattr(
        mido, "open_output", lambda name, **how: calls.append((name, how)) or SimpleNamespace()
    )

    open_midi_port(wanted)

    assert calls == [opened]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("rtmidi"), "python-rtmidi"),
        (SystemError("no ALSA."), r"cannot be opened: no ALSA\. Check"),
    ],
)
def test_no_midi_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def refuse() -> list[str]:
        raise error

    monkeypatch.setattr(mido, "get_output_names", refuse)

    with pytest.raises(OutputError, match=words):
        open_midi_port("amt")
