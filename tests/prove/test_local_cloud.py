"""The local cloud's engine of IAM, and an evaluator written from AWS's documentation, decide alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracles.templates import ENVIRONMENTS
from tests.prove import random_cases, true_cases
from tests.prove.engine import judge
from tests.prove.evaluator import Decision, decide
from tests.sizes import SOAK, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.prove.evaluator import Policies, Request


def _disagreements(
    cases: Iterable[tuple[Request, Policies]],
    **how: Any,  # noqa: ANN401
) -> tuple[Counter[Decision], list[tuple[Decision, Decision, Request, Policies]]]:
    """Return how many requests are decided how, and those that are decided differently, the shortest first."""
    asked = list(cases)
    ours = [decide(*case) for case in asked]
    theirs = judge(asked, **how)
    differing = [(one, other, *case) for case, one, other in zip(asked, ours, theirs, strict=True) if one is not other]
    return Counter(ours), sorted(differing, key=lambda found: len(repr(found)))[:3]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_random_requests_are_decided_as_aws_documents() -> None:
    decided, differing = _disagreements(random_cases.cases(1, size(3000, full=200_000)))

    assert differing == []
    assert min(decided[decision] for decision in Decision) > sum(decided.values()) // 40


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_apps_policies_are_decided_as_aws_documents() -> None:
    decided, differing = _disagreements(
        case for name in ENVIRONMENTS for case in true_cases.cases(name, 1, size(1, full=50))
    )

    assert differing == []
    assert min(decided[decision] for decision in Decision) > size(10, full=100)


def test_engine_without_the_gaps_differs() -> None:
    """The tests above can fail."""
    _, differing = _disagreements(random_cases.cases(1, 500), without_gaps=True)

    assert differing


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not SOAK, reason="it takes minutes: make soak")
def test_requests_of_other_seeds_are_decided_as_aws_documents() -> None:
    for seed in range(2, 6):
        _, differing = _disagreements(random_cases.cases(seed, 50_000))
        assert differing == []
