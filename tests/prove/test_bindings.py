"""The assumptions about AWS against a copy of its service authorization reference, and against its SDK."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from tenantry.prove.bindings import (
    ENCRYPTION_CONTEXT,
    LEADING_KEYS,
    PREFIX,
    SINGLE_VALUED,
    SOME_ACTIONS,
    is_binding,
    is_single_valued,
)


@cache
def _reference() -> dict[str, dict[str, Any]]:
    """Return the reference by service, as parliament keeps it."""
    spec = find_spec("parliament")  # found, not imported: its modules warn
    assert spec is not None
    assert spec.origin is not None
    services = json.loads((Path(spec.origin).parent / "iam_definition.json").read_text())
    return {service["prefix"]: service for service in services if service["privileges"]}


def _keys(action: str) -> set[str]:
    """Return the condition keys of an action, in lower case."""
    service, _, name = action.partition(":")
    (privilege,) = [found for found in _reference()[service]["privileges"] if found["privilege"] == name]
    return {key.lower() for kind in privilege["resource_types"] for key in kind["condition_keys"]}


@pytest.mark.parametrize("action", sorted(LEADING_KEYS))
def test_leading_keys_bind(action: str) -> None:
    assert "dynamodb:leadingkeys" in _keys(action)


def test_leading_keys_do_not_bind_scan() -> None:
    assert "dynamodb:Scan" not in LEADING_KEYS


@pytest.mark.parametrize("action", sorted(PREFIX))
def test_prefix_binds(action: str) -> None:
    assert "s3:prefix" in _keys(action)


def test_prefix_binds_nothing_else() -> None:
    bound = {f"s3:{found['privilege']}" for found in _reference()["s3"]["privileges"]}
    assert {action for action in bound if "s3:prefix" in _keys(action)} == PREFIX


@pytest.mark.parametrize("action", sorted(ENCRYPTION_CONTEXT))
def test_encryption_context_binds(action: str) -> None:
    assert any(key.startswith("kms:encryptioncontext") for key in _keys(action))


def test_no_key_with_many_values_counts_as_one_with_one() -> None:
    many = {
        condition["condition"].lower()
        for service in _reference().values()
        for condition in service["conditions"]
        if condition["type"].lower().startswith("arrayof")
    }
    # AWS lists a key as an array where a policy may give it many values; these are tags, of which a request has one.
    assert "dynamodb:leadingkeys" in many
    assert not many & SINGLE_VALUED
    assert not is_single_valued("dynamodb:LeadingKeys")
    assert not is_single_valued("s3:RequestObjectTagKeys")


@pytest.mark.parametrize("action", SOME_ACTIONS)
def test_actions_exist(action: str) -> None:
    service, _, name = action.partition(":")
    assert name in {found["privilege"] for found in _reference()[service]["privileges"]}


def test_keys_of_rows_are_in_the_requests_of_the_sdk() -> None:
    """An action that `LEADING_KEYS` names has an operation, whose input names the row, its key or its condition."""
    model = Loader().load_service_model("dynamodb", "service-2")
    inside = {"ConditionCheckItem"}  # a part of a transaction
    for action in LEADING_KEYS:
        name = action.partition(":")[2]
        if name not in inside:
            members = model["shapes"][model["operations"][name]["input"]["shape"]]["members"]
            assert {"Key", "Item", "RequestItems", "KeyConditionExpression"} & members.keys(), action


def test_permissions_management_is_binding() -> None:
    """Whatever the reference calls permissions management or tagging can change what binds a session."""
    missed = {
        f"{service}:{found['privilege']}"
        for service in ("dynamodb", "execute-api", "iam", "iot", "kinesis", "kms", "lambda", "s3", "sns", "sqs", "sts")
        for found in _reference()[service]["privileges"]
        if found["access_level"] in {"Permissions management", "Tagging"}
        and not is_binding(f"{service}:{found['privilege']}")
    }
    # The object's key binds these, as it does the object.
    assert missed == {f"s3:{verb}Object{of}Tagging" for verb in ("Put", "Delete") for of in ("", "Version")}
