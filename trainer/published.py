"""What other systems have been reported to reach, on data that is not ours.

Only figures read in released code, tables and papers' own pages are listed, each with its source.
None was measured on our recordings, so they say what is usual and not who is better: for that,
`peers` has programs that were run on exactly our excerpts.

MAPS: recordings of a real Disklavier, of which our development set is a small part. MAESTRO: its
test split, on the pianos and in the rooms that most of these systems were trained on, which makes
it the easier test.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One reported result; F1, 0..1, None where not reported.

    Args:
        system: Name.
        answers: Look-ahead by its own account; `offline` where it needs the whole recording.
        data: What it was measured on.
        onset: Onset within 50 ms.
        offset: Onset and sounding end.
        velocity: Onset, end and velocity.
        frame: Frames.
        source: Where the figures stand.
    """

    system: str
    answers: str
    data: str
    onset: float
    offset: float | None
    velocity: float | None
    frame: float | None
    source: str


_TRANSKUN = "github.com/Yujia-Yan/Transkun"
_NOTE_EM = "benadar293.github.io"
_SORI = "Sori's leaderboard (its makers' own figures)"

PUBLISHED = (
    Published("Transkun V2 Aug", "offline", "MAPS", 0.9219, 0.6975, 0.5495, 0.8843, _TRANSKUN),
    Published("Transkun V2", "offline", "MAPS", 0.8849, 0.6461, 0.4446, 0.8535, _TRANSKUN),
    Published(
        "Kong et al., augmented", "offline", "MAPS", 0.884, None, None, None, "arXiv 2402.01424"
    ),
    Published(
        "Onsets and Frames, augmented", "offline", "MAPS", 0.864, None, None, 0.849, _NOTE_EM
    ),
    Published(
        "Onsets and Frames, synthetic data", "offline", "MAPS", 0.791, None, None, 0.766, _NOTE_EM
    ),
    Published("Transkun V2", "offline", "MAESTRO", 0.9832, 0.9349, 0.9296, 0.953, _TRANSKUN),
    Published("PAR", "320 ms", "MAESTRO", 0.970, 0.879, 0.868, None, _SORI),
    Published("Sori-Realtime 4.8M", "104 ms", "MAESTRO", 0.9699, 0.8617, 0.8258, None, _SORI),
    Published(
        "Onsets and Velocities", "5.5 s", "MAESTRO", 0.9678, None, None, None, "its repository"
    ),
    Published("Sori-Realtime 4.8M", "62 ms", "MAESTRO", 0.8649, 0.4571, 0.4315, None, _SORI),
    Published(
        "Onsets and Frames, synthetic data",
        "offline",
        "MAESTRO",
        0.838,
        None,
        None,
        0.747,
        _NOTE_EM,
    ),
)
"""Best onset first, by data."""
