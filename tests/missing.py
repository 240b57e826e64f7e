"""What a machine may lack: tests that need it are skipped, and the run says so and fails."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation

if TYPE_CHECKING:
    from tenantry.local.flink.installation import Installation

_LACKS: Final = "This machine lacks what the test needs. "


def reason(remedy: str) -> str:
    """Return the reason of a skip that lets the run fail; `remedy` says what is missing and how to get it."""
    return _LACKS + " ".join(remedy.split())


def flink_or_skip() -> Installation:
    """Return the installed Flink; where it cannot be had, the test is skipped."""
    try:
        return installation.ensure()
    except LocalCloudError as error:
        pytest.skip(reason(str(error)))


def not_run(config: pytest.Config) -> Counter[str]:
    """Return how many tests did not run, by what they lacked."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    reasons = [str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)]
    return Counter(text.partition(_LACKS)[2] for text in reasons if _LACKS in text)
