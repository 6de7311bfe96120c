"""Which licences let anyone use a work for anything, asking at most to be named.

Manifests hold licences as people wrote them down: "CC BY 4.0 (Bengt Nilsson)", "github:…/POP909
(MIT)", "Public domain". Only those are taken for free that say so at their beginning or at the
beginning of a bracket; whatever is unclear is not free.
"""

from __future__ import annotations

import re

_FREE = re.compile(
    r"(?:^|\()(?:repo )?(?:CC0|public domain|MIT|CC BY)\b(?![ -]?(?:NC|SA|ND)\b)", re.IGNORECASE
)


def is_free(licence: str) -> bool:
    """Whether a licence is CC0, public domain, MIT or CC BY, and none of CC BY-NC, -SA, -ND."""
    return _FREE.search(licence) is not None
