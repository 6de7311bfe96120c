"""Standard MIDI Files in and out.

Reading lives in `midi_reader`, writing in `midi_writer`; both are imported from here.
"""

from .midi_reader import parse_midi, read_midi
from .midi_writer import write_midi

__all__ = ["parse_midi", "read_midi", "write_midi"]
