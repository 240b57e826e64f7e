"""What the platform refuses to make."""

from __future__ import annotations

from typing import Any, Final

import pytest

from stacks.environments import environment
from stacks.platform.platform import Foundation

_UNUSED: Final[Any] = None


@pytest.mark.parametrize("events", [["blocked", "member_added"], []])
def test_one_grant_publishes_events_of_one_source(events: list[str]) -> None:
    foundation = Foundation(environment=environment("local"), bus=_UNUSED, alarms=_UNUSED)
    sources = sorted({getattr(foundation.events, event).source for event in events})

    with pytest.raises(ValueError, match="grant those of one source at a time") as refused:
        foundation.grant_publish(_UNUSED, *(getattr(foundation.events, event) for event in events))

    assert str(sources) in str(refused.value)
