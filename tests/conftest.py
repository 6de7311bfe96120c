"""Fixtures every package's tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the working tree, for tests about files rather than behaviour."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator seeded by the test's name: the same numbers in every run."""
    return np.random.default_rng(list(request.node.nodeid.encode()))
