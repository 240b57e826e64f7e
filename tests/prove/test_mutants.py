"""Weakened policies are noticed before a deployment, and the true ones raise no alarm."""

from __future__ import annotations

import pytest

from tests.prove.mutants import mutants, places
from tests.prove.mutate import Noticed, findings, read, sample
from tests.sizes import size
from tests.statements import statements
from tests.synthesized import ENVIRONMENTS


def test_harmful_weakenings_are_noticed() -> None:
    judged = [templates.judge(mutant) for templates, mutant in sample(["prod"], size(60, full=1500), seed=14)]
    harmful = [one for one in judged if one.request]

    assert [(one.mutant.name, str(one.request)) for one in harmful if one.noticed is Noticed.NOTHING] == []
    assert len(harmful) > len(judged) // 4
    assert {one.noticed for one in harmful} >= {Noticed.PROVER, Noticed.TESTS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_true_templates_raise_no_alarm(environment: str) -> None:
    assert findings(read(environment).assembly) == frozenset()


def test_every_statement_is_weakened() -> None:
    assembly = read("prod").assembly
    weakened = {(mutant.resource.path, mutant.place) for mutant in mutants(assembly)}
    all_ = {(resource.path, place) for resource in assembly.resources() for place, _ in places(resource)}
    in_policies = [found for resource in assembly.resources() for found in statements(resource.properties)]

    assert weakened == all_
    assert len(all_) > len(in_policies) > 200  # noqa: PLR2004 - beside them, what functions are handed


def test_what_is_answered_for_within_a_tenant_is_not_across_tenants() -> None:
    """The function that counts a tenant's objects may list all of its users', and no other tenant's."""
    templates = read("prod")
    wider = [
        mutant
        for mutant in mutants(templates.assembly)
        if mutant.resource.path.endswith("/StorageUsage")
        and mutant.what == "drop the separator"
        and "s3:DataAccessPointArn" in str(mutant.before)
    ]

    assert {templates.judge(mutant).noticed for mutant in wider} == {Noticed.PROVER}
