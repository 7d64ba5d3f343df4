"""Fixtures: no network, toy data, the shared folder where it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Tiny networks gain nothing from threads and lose much where another job holds the other core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]

# Machines here are shared and slow at times: a deadline would fail tests for the machine's sake.
settings.register_profile("parkner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parkner")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five seed articles as crawled."""
    return ROOT / "seeds"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The workplace's shared data; the test is skipped where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "gold" / "crawled.jsonl").is_file():
        pytest.skip("../shared (crawled corpus, gold, pages) is not on this machine")
    return folder
