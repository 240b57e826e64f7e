"""Subscriptions to topics: what may be subscribed, and how it is delivered to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.statements import statements
from tests.synthesized import ENVIRONMENTS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

# What SNS documents for `requestPolicy`, without what needs a parameter.
# https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html
_CONTENT_TYPES: Final = {"text/plain", "application/json", "application/xml"}


def _resources(environment: str) -> Iterator[dict[str, Any]]:
    for template in assembly(environment).templates.values():
        yield from template["Resources"].values()


def _covers_subscribe(statement: dict[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    actions = statement.get("Action", "*")
    patterns = [actions] if isinstance(actions, str) else actions
    return any(
        re.fullmatch(pattern.lower().replace("*", ".*").replace("?", "."), "sns:subscribe") for pattern in patterns
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_subscriptions_require_https(environment: str) -> None:
    found = [
        statement
        for resource in _resources(environment)
        for statement in statements(resource)
        if _covers_subscribe(statement)
    ]

    assert len(found) == 2  # a new webhook, and one that is taken over
    for statement in found:
        assert statement["Condition"] == {
            "StringEquals": {"sns:Protocol": "https"},
            "StringLike": {"sns:Endpoint": "https://*"},
        }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_delivery_policies_name_a_content_type_that_sns_documents(environment: str) -> None:
    definitions = [
        json.dumps(resource["Properties"]["DefinitionString"])
        for resource in _resources(environment)
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    named = [kind for text in definitions for kind in re.findall(r'headerContentType[\\": ]+([^"\\]+)', text)]

    assert len(named) == 2
    assert set(named) <= _CONTENT_TYPES
