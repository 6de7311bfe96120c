"""Hears a piano: samples in, note events out.

    from transcriber import Transcriber, load_model

    transcriber = Transcriber(load_model("live"))
    for samples in microphone:  # float32 mono at 16 kHz, blocks of any size
        for event in transcriber.push(samples):
            print(event)

Names are loaded on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "AmtError": "errors",
    "AudioReader": "audio",
    "DecoderSettings": "decoder",
    "Event": "events",
    "Model": "model",
    "ModelInfo": "model",
    "Note": "notes",
    "NoteOff": "events",
    "NoteOn": "events",
    "Pedal": "notes",
    "PedalOff": "events",
    "PedalOn": "events",
    "Transcriber": "stream",
    "Transcript": "notes",
    "TranscriptBuilder": "notes",
    "bundled_models": "model",
    "load_model": "model",
    "read_midi": "midi",
    "score": "scores",
    "write_midi": "midi",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'transcriber' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
