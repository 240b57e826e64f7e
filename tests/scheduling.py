"""Which tests share a process when several run them (pytest -n): those that share a cloud or a synthesis.

pytest-xdist's own groups (``--dist loadgroup``) do nothing under pytest 9.2: xdist 3.8 writes to `Item._nodeid`, which
is read no more. Its hook for schedulers takes the place of the groups.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

# What is costly to make: a deployed cloud, one without the app, a Flink, the app's templates.
_TOGETHER: Final = {
    "tests/e2e/": "deployed",
    "tests/operate/test_replay_deployed.py": "deployed",
    "tests/benchmarks/": "deployed",
    "tests/ingest_client/": "cloud",
    "tests/local/": "cloud",
    "tests/oracles/": "templates",
    "tests/prove/": "templates",
    "tests/stacks/": "templates",
    "tests/streaming/": "streaming",
}


class SharedThings(LoadScopeScheduling):
    """Gives each process the tests of one shared thing, else those of one file, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """Return the name of what a test shares with others."""
    path = nodeid.partition("::")[0]
    return next((shared for prefix, shared in _TOGETHER.items() if path.startswith(prefix)), path)
