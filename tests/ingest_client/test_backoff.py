"""Pauses grow, end at a minute, and are random."""

import pytest

from tenantry.ingest_client.backoff import delay


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (100_000, 60.0)])
def test_pause_is_random_below_a_growing_limit(attempt: int, ceiling: float) -> None:
    assert delay(attempt, chance=lambda: 1.0) == ceiling
    assert delay(attempt, chance=lambda: 0.0) == 0.0
    assert len({delay(attempt) for _ in range(20)}) > 1


def test_retry_after_is_honoured_up_to_a_limit() -> None:
    assert delay(1, 7.0, chance=lambda: 0.5) == 7.5
    assert delay(1, 86_400.0, chance=lambda: 0.0) == 60.0
