"""Weakened policies are noticed before a deployment; `test_true_templates` shows that the true ones raise no alarm."""

from __future__ import annotations

import pytest

from tests.prove.mutants import places
from tests.prove.mutate import Noticed, all_mutants, read, sample
from tests.sizes import size
from tests.statements import statements


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_harmful_weakenings_are_noticed() -> None:
    judged = [templates.judge(mutant) for templates, mutant in sample("prod", size(40, full=1500), seed=14)]
    harmful = [one for one in judged if one.request]

    assert [(one.mutant.name, str(one.request)) for one in harmful if one.noticed is Noticed.NOTHING] == []
    assert len(harmful) > len(judged) // 4
    assert {one.noticed for one in harmful} >= {Noticed.PROVER, Noticed.TESTS}


def test_every_statement_is_weakened() -> None:
    assembly = read("prod").assembly
    weakened = {(mutant.resource.path, mutant.place) for _, mutant in all_mutants("prod")}
    all_ = {(resource.path, place) for resource in assembly.resources() for place, _ in places(resource)}
    in_policies = [found for resource in assembly.resources() for found in statements(resource.properties)]

    assert weakened == all_
    assert len(all_) > len(in_policies) > 200


def test_what_is_answered_for_within_a_tenant_is_not_across_tenants() -> None:
    """The function that counts a tenant's objects may list all of its users', and no other tenant's."""
    wider = [
        (templates, mutant)
        for templates, mutant in all_mutants("prod")
        if mutant.resource.path.endswith("/StorageUsage")
        and mutant.what == "drop the separator"
        and "s3:DataAccessPointArn" in str(mutant.before)
    ]

    assert {templates.judge(mutant).noticed for templates, mutant in wider} == {Noticed.PROVER}


def test_users_of_a_tenants_own_bucket_are_kept_apart() -> None:
    """The bucket's name holds the tenant, so that the forms of its objects' ARNs hold the caller's tenant as well."""
    wider = [
        (templates, mutant)
        for templates, mutant in all_mutants("prod")
        if mutant.resource.path.endswith("/TenantObjects")
        and mutant.place[1] == "bucket"
        and mutant.what == "user followed by ?"
    ]

    assert {templates.judge(mutant).noticed for templates, mutant in wider} == {Noticed.PROVER}
