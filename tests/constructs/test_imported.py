"""What another stack has made can be granted on as if it had been made here."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Environment, Stack, assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_events_targets import SqsQueue

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.data import (
    AccessPointBucket,
    DocumentedBucket,
    PrefixBucket,
    SiloBuckets,
    TaggedBucket,
    TenantTable,
)
from tenantry.isolation.events import ApplicationBus, EventType
from tenantry.isolation.vending import TENANT, TENANT_NAME, USER, TokenVendor
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Callable

_ENVIRONMENT: Final = Environment(account="123456789012", region="eu-north-1")
_POINT: Final = f"shop-{TENANT_NAME}"
_KEYS: Final[dict[str, Any]] = {"partition_key": "tenant", "leading_key": f"{TENANT}^{USER}"}
_BUCKETS: Final[dict[str, tuple[Callable[[Stack], Any], Callable[[Stack], Any]]]] = {
    **{
        kind.__name__: (
            partial(kind, construct_id="Bucket", bucket_name="shop-pool"),
            partial(kind.from_bucket_name, construct_id="Bucket", bucket_name="shop-pool"),
        )
        for kind in (PrefixBucket, TaggedBucket, DocumentedBucket)
    },
    "AccessPointBucket": (
        lambda stack: AccessPointBucket(stack, "Bucket", bucket_name="shop-pool", access_point_name=_POINT),
        lambda stack: AccessPointBucket.from_bucket_name(
            stack, "Bucket", bucket_name="shop-pool", access_point_name=_POINT
        ),
    ),
    "SiloBuckets": (
        lambda stack: SiloBuckets(stack, name=_POINT, tenant_keys=True),
        lambda stack: SiloBuckets(stack, name=_POINT, tenant_keys=True, declared=False),
    ),
    "whole tenant's": (
        lambda stack: PrefixBucket(stack, "Bucket", bucket_name="shop-pool", per_user=False),
        lambda stack: PrefixBucket.from_bucket_name(stack, "Bucket", bucket_name="shop-pool", per_user=False),
    ),
}


def _stack() -> Stack:
    return Stack(new_app(), "stack", env=_ENVIRONMENT)


def _vendor(stack: Stack, purpose: str) -> TokenVendor:
    vendor = TokenVendor(stack, "Vendor")
    function = PythonFunction(
        stack, "Function", entry=package_folder("employees"), defaults=FunctionDefaults(namespace="shop")
    )
    vendor.grant_vend(function, purposes=[purpose])
    return vendor


def _resources(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = assertions.Template.from_stack(stack).to_json().get("Resources", {})
    return found


def _statements(stack: Stack) -> list[dict[str, Any]]:
    """Return what the tenant role may do, a partition's placeholder filled in."""
    (role,) = (resource for resource in _resources(stack).values() if "Policies" in resource["Properties"])
    found: list[dict[str, Any]] = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("name", _BUCKETS)
def test_imported_bucket_gives_the_same_statements_and_makes_no_bucket(name: str) -> None:
    def granted(make: Callable[[Stack], Any]) -> Stack:
        stack = _stack()
        bucket, purpose = make(stack), _vendor(stack, "objects").purpose("objects")
        assert bucket.grant_tenant_read_write(purpose) is purpose
        assert bucket.grant_tenant_count(purpose) is purpose
        return stack

    made, imported = map(granted, _BUCKETS[name])

    assert _statements(imported) == _statements(made)
    assert not [resource for resource in _resources(imported).values() if resource["Type"].startswith("AWS::S3::")]


@pytest.mark.parametrize("by", ["name", "ARN"])
def test_imported_table_gives_the_same_statements_and_makes_no_table(by: str) -> None:
    stack = _stack()
    made = TenantTable(
        stack, "Made", sort_key="id", table_name="orders", indexes={"by-day": ("tenant", "day")}, **_KEYS
    )
    arn = "arn:aws:dynamodb:eu-north-1:123456789012:table/orders"
    other = _stack()
    imported = (
        TenantTable.from_table_name(other, "Orders", table_name="orders", indexes=["by-day"], **_KEYS)
        if by == "name"
        else TenantTable.from_table_arn(other, "Orders", table_arn=arn, indexes=["by-day"], **_KEYS)
    )
    for table, scope in ((made, stack), (imported, other)):
        table.grant_tenant_read_write(_vendor(scope, "orders").purpose("orders"))
        table.grant_every_tenant(
            iam.Role(scope, "Machine", assumed_by=iam.ServicePrincipal("states.amazonaws.com")), "PutItem"
        )

    assert imported.table_name == "orders"
    assert not [resource for resource in _resources(other).values() if resource["Type"] == "AWS::DynamoDB::Table"]
    assert _bound(_resources(other)) == _bound(_resources(stack))
    assert len(_bound(_resources(other))) == 2
    assert "table/orders/index/by-day" in json.dumps(_statements(other))
    assert imported.service_action("Query", indexes=["by-day"]).target == {"TableName": "orders"}


def _bound(resources: dict[str, Any]) -> list[tuple[str, str]]:
    """Return actions and conditions of all statements on DynamoDB."""
    documents = [
        policy["PolicyDocument"]
        for resource in resources.values()
        for policy in (resource["Properties"].get("Policies") or [resource["Properties"]])
        if "PolicyDocument" in policy
    ]
    return sorted(
        (json.dumps(statement["Action"]), json.dumps(statement.get("Condition"), sort_keys=True))
        for document in documents
        for statement in document["Statement"]
        if "dynamodb:" in json.dumps(statement["Action"])
    )


def test_publisher_on_an_imported_bus_is_bound_as_on_the_bus_itself() -> None:
    stack, event = _stack(), EventType(source="shop.orders", detail_type="placed")
    bus = ApplicationBus.from_bus_name(stack, "Bus", bus_name="shop-bus")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    grant = bus.grant_publish(role, source=event.source, detail_types=[event.detail_type])
    bus.add_rule(stack, "Rule", event=event, target=SqsQueue(sqs.Queue(stack, "Queue")))

    assert grant.success
    template = assertions.Template.from_stack(stack)
    template.resource_count_is("AWS::Events::EventBus", 0)
    template.has_resource_properties("AWS::Events::Rule", {"EventBusName": "shop-bus"})
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert "event-bus/shop-bus" in json.dumps(statement["Resource"])
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": ["shop.orders"], "events:detail-type": ["placed"]},
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
