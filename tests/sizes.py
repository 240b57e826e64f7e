"""Two sizes of one test: a sample with every change, and the full size with `make soak`."""

from __future__ import annotations

import os
from typing import Final

SOAK: Final = os.environ.get("TENANTRY_SOAK") == "1"


def size(sample: int, *, full: int) -> int:
    """Return how many of something a test takes."""
    return full if SOAK else sample
