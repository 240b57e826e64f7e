"""The tests of templates that are quick enough to be asked about thousands of weakened ones."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.stacks import test_conditions, test_directory_writes, test_ownership, test_security

if TYPE_CHECKING:
    from tests.prove.mutants import Mutant
    from tests.synthesized import Assembly

_OWN_ACCOUNT: Final = "000000000000"  # as the tests write it
_TESTS: Final = (
    test_ownership.test_service_roles_trust_this_account_only,
    test_ownership.test_resource_policies_allow_services_for_this_account_only,
    test_ownership.test_s3_statements_are_limited_to_this_account,
    test_ownership.test_provisioner_creates_buckets_and_access_points_only,
    test_ownership.test_provisioner_can_change_no_shared_bucket,
    test_ownership.test_tenant_roles_use_no_name_of_another_tenant,
    test_security.test_every_wildcard_resource_has_a_reason,
    test_security.test_no_statement_allows_every_action_of_a_service,
    test_security.test_publishers_are_limited_to_their_own_source,
    test_security.test_functions_have_no_grant_on_tenant_data,
    test_security.test_authorizers_read_single_directory_items_only,
    test_directory_writes.test_each_role_writes_its_attributes_only,
    test_directory_writes.test_grants_name_attributes_and_return_no_items,
    test_directory_writes.test_transactional_writes_are_transaction_only,
    test_conditions.test_operators_are_used_with_the_keys_that_they_are_right_for,
    test_conditions.test_grants_name_what_they_are_about,
    test_conditions.test_keys_with_many_values_are_there_and_limited,
    test_conditions.test_no_condition_takes_any_value,
    test_conditions.test_grants_on_items_name_keys_or_attributes,
    test_conditions.test_policies_let_in_roles_of_their_own_stack_and_services_only,
    test_conditions.test_services_are_let_in_for_named_actions,
    test_conditions.test_sessions_use_access_points_by_name,
    test_conditions.test_subscriptions_are_limited_to_https,
    test_conditions.test_buckets_queues_and_topics_deny_plain_http_and_old_tls,
    test_conditions.test_objects_behind_access_points_are_reached_by_these_only,
    test_conditions.test_sessions_have_no_tags_but_those_that_are_known,
)
_MODULES: Final = (test_conditions, test_directory_writes, test_ownership, test_security)


def failing(name: str, true: Assembly, mutant: Mutant) -> str:
    """Return the first test that fails with a mutant in the templates of an environment; empty if all pass."""
    return _first_failing(name, replace(true, templates=_weakened(true.templates, mutant)))


def _first_failing(name: str, assembly: Assembly) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            patch.setattr(module, "assembly", lambda _: assembly)
        for test in _TESTS:
            try:
                test(name)
            except Exception:  # noqa: BLE001 - also a template that a test cannot read
                return test.__name__
    return ""


def _weakened(templates: dict[str, Any], mutant: Mutant) -> dict[str, Any]:
    """Return the templates with the mutant in them, with references as they were where nothing was changed."""
    stack = next(name for name in templates if mutant.resource.stack.endswith(f"-{name}"))
    resources = templates[stack]["Resources"]
    raw = resources[mutant.resource.logical_id]
    known: dict[str, Any] = {}
    _note_references(raw["Properties"], mutant.resource.properties, known)
    account = next(iter(mutant.whole.stacks.values())).account
    properties = _with_references(mutant.weakened.properties, known, account)
    weakened = {**resources, mutant.resource.logical_id: {**raw, "Properties": properties}}
    return {**templates, stack: {**templates[stack], "Resources": weakened}}


def _note_references(raw: Any, resolved: Any, known: dict[str, Any]) -> None:  # noqa: ANN401 - any part of a template
    """Note what each text was that stands in the place of a reference."""
    if isinstance(raw, dict) and isinstance(resolved, str):
        known[resolved] = raw
    elif isinstance(raw, dict) and isinstance(resolved, dict):
        for key in raw.keys() & resolved.keys():
            _note_references(raw[key], resolved[key], known)
    elif isinstance(raw, list) and isinstance(resolved, list):
        for one, other in zip(raw, resolved, strict=False):
            _note_references(one, other, known)


def _with_references(value: Any, known: dict[str, Any], account: str) -> Any:  # noqa: ANN401 - any part of a template
    match value:
        case str():
            return known.get(value) or json.loads(json.dumps(value).replace(account, _OWN_ACCOUNT))
        case dict():
            return {key: _with_references(part, known, account) for key, part in value.items()}
        case list():
            return [_with_references(part, known, account) for part in value]
    return value
