"""Every call of S3 names the expected bucket owner."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tenantry.runtime.own_buckets import only_own_buckets
from tests.lambdas.expected_owner import ACCOUNT, demand_owners, headers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAMBDAS: Final = Path(__file__).parents[2] / "lambdas"
# The calls on a bucket that cannot say it; of these only the first is made here.
_SILENT: Final = {"CreateBucket", "CreateSession", "RenameObject"}


def test_operations_name_the_expected_owner() -> None:
    client: Any = only_own_buckets(boto3.client("s3"), ACCOUNT)
    model = client.meta.service_model
    for operation in model.operation_names:
        params: dict[str, Any] = {}
        client.meta.events.emit(
            f"before-parameter-build.s3.{operation}", params=params, model=model.operation_model(operation), context={}
        )
        owners = [value for name, value in params.items() if name.endswith("BucketOwner")]
        assert owners == [ACCOUNT] * len(headers_of(model, operation)), operation


def test_only_known_operations_lack_an_expected_owner() -> None:
    model = boto3.client("s3").meta.service_model

    about_buckets = {
        name
        for name in model.operation_names
        if (shape := model.operation_model(name).input_shape) and "Bucket" in shape.members
    }
    assert {name for name in about_buckets if not headers_of(model, name)} == _SILENT


@mock_aws
def test_calls_and_pages_carry_the_owner() -> None:
    client = only_own_buckets(boto3.client("s3"), ACCOUNT)
    calls = demand_owners(client)
    client.create_bucket(Bucket="own")

    client.put_object(Bucket="own", Key="a", Body=b"x")
    client.copy_object(Bucket="own", Key="b", CopySource={"Bucket": "own", "Key": "a"})
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket="own", PaginationConfig={"PageSize": 1}))

    assert len(pages) == 2
    assert calls == ["CreateBucket", "PutObject", "CopyObject", "ListObjectsV2", "ListObjectsV2"]


@mock_aws
def test_call_without_owner_is_detected() -> None:
    client = boto3.client("s3")
    demand_owners(client)
    client.create_bucket(Bucket="own")

    with pytest.raises(AssertionError, match="PutObject says None"):
        client.put_object(Bucket="own", Key="a", Body=b"x")


def test_functions_use_no_other_s3_client() -> None:
    found = [(path.parent.name, bounded) for path in _LAMBDAS.rglob("*.py") for bounded in _clients(path)]

    assert ("storage_provisioner", True) in found
    assert ("page_publisher", True) in found
    assert [where for where, bounded in found if not bounded] == []


@pytest.mark.parametrize(
    ("source", "bounded"),
    [
        ('boto3.client("s3")', [False]),
        ('boto3.resource("s3", region_name="x")', [False]),
        ('boto3.Session().client("s3")', [False]),
        ('boto3.client(service_name="s3")', [False]),
        ('session = boto3.Session()\nsession.client("s3")', [False]),
        ('def use(session: Session) -> None:\n    session.client("s3")', [False]),
        ('only_own_buckets(boto3.client("s3"), account)', [True]),
        ('only_own_buckets(boto3.Session().client("s3"), account)', [True]),
        ('def use(session: TenantSession) -> None:\n    session.client("s3")', []),
        ('vendor.session(caller, purpose).client("s3")', []),
        ('boto3.client("kms")', []),
    ],
)
def test_s3_clients_are_detected(source: str, *, bounded: list[bool]) -> None:
    assert list(_bounded(ast.parse(source))) == bounded


def _clients(path: Path) -> Iterator[bool]:
    """Return, of each client of S3 that a file makes itself, whether it is bounded."""
    return _bounded(ast.parse(path.read_text()))


def _bounded(tree: ast.Module) -> Iterator[bool]:
    """Leave those out that are vended, which are bounded (`test_vending`)."""
    bounded = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "only_own_buckets"
    }
    vended = {
        found.arg
        for found in ast.walk(tree)
        if isinstance(found, ast.arg) and found.annotation and ast.unparse(found.annotation) == "TenantSession"
    }
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Attribute(value=maker, attr="client" | "resource")) if _asks_for_s3(call):
                made = ast.unparse(maker)
                if made not in vended and not made.startswith("vendor.session("):
                    yield id(call) in bounded


def _asks_for_s3(call: ast.Call) -> bool:
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "service_name")]
    return any(isinstance(value, ast.Constant) and value.value == "s3" for value in given)
