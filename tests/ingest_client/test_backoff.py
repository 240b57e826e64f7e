"""Pauses grow, end at a minute, and differ from server to server."""

import pytest

from tenantry.ingest_client.backoff import delay


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (100_000, 60.0)])
def test_the_pause_is_anywhere_below_a_growing_ceiling(attempt: int, ceiling: float) -> None:
    assert delay(attempt, chance=lambda: 1.0) == ceiling
    assert delay(attempt, chance=lambda: 0.0) == 0.0
    assert len({delay(attempt) for _ in range(20)}) > 1


def test_what_the_service_asks_for_is_kept_within_reason() -> None:
    assert delay(1, 7.0, chance=lambda: 0.5) == 7.5
    assert delay(1, 86_400.0, chance=lambda: 0.0) == 60.0
