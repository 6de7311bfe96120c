"""Notes to a synthesizer or notation program while they are played: a MIDI port as a listener.

python-rtmidi, through mido, is imported when a port is opened, and only then.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .errors import OutputError
from .events import Event, NoteOff, NoteOn, PedalOn

_SUSTAIN = 64
_ALL_NOTES_OFF = 123


class MidiPort:
    """An open port; see `feed.Listener`.

    Args:
        port: Anything with `send(message)` and `close()`, such as mido's output ports.
        name: For messages.
    """

    def __init__(self, port: Any, name: str) -> None:
        self._port, self.name = port, name

    def heard(self, events: Sequence[Event]) -> None:
        """Sends events.

        Raises:
            OutputError: The port has gone.
        """
        for event in events:
            match event:
                case NoteOn():
                    self._send("note_on", note=event.pitch, velocity=event.velocity)
                case NoteOff():
                    self._send("note_off", note=event.pitch, velocity=0)
                case _:
                    value = 127 if isinstance(event, PedalOn) else 0
                    self._send("control_change", control=_SUSTAIN, value=value)

    def close(self) -> None:
        """Silences the synthesizer and closes the port."""
        with suppress(OutputError):
            self._send("control_change", control=_SUSTAIN, value=0)
            self._send("control_change", control=_ALL_NOTES_OFF, value=0)
        # A port that was unplugged fails in whatever way its driver likes.
        with suppress(Exception):
            self._port.close()

    def _send(self, kind: str, **values: int) -> None:
        import mido

        try:
            self._port.send(mido.Message(kind, **values))
        except Exception as error:
            raise OutputError(
                f"The MIDI port {self.name} no longer takes notes: {str(error).rstrip('.')}.",
                "Start the program behind it again, then amt.",
            ) from error


def open_midi_port(wanted: str) -> MidiPort:
    """Opens the port called `wanted`, in any case, else the first whose name contains it, else a
    new virtual one.

    Raises:
        OutputError: python-rtmidi is missing, the system has no MIDI, or, on Windows, which has no
            virtual ports, no port is called so.
    """
    import mido

    names: list[str] = []
    try:
        names = list(dict.fromkeys(mido.get_output_names()))
        word = wanted.lower()
        alike = [name for name in names if word in name.lower()]
        if alike:
            name = next((name for name in alike if name.lower() == word), alike[0])
            return MidiPort(mido.open_output(name), name)
        return MidiPort(mido.open_output(wanted, virtual=True), wanted)
    except ImportError as error:
        raise OutputError(
            "A MIDI port needs python-rtmidi, which is not installed.",
            f"Install it: {sys.executable} -m pip install python-rtmidi",
        ) from error
    except Exception as error:  # rtmidi has its own errors, one per system
        raise OutputError(
            f"The MIDI port {wanted} cannot be opened: {str(error).rstrip('.')}.",
            f"Check that the system has MIDI; its ports: {', '.join(names) or 'none'}.",
        ) from error
