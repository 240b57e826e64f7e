"""What a teardown refuses."""

from __future__ import annotations


class TeardownRefusedError(Exception):
    """Nothing is torn down; the message says why, and what to do."""


class NotRemovedError(Exception):
    """One thing is left; the message says why."""
