"""What is granted, added and declared counts in whichever order that is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_events_targets import SqsQueue

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction, declare_application, declare_store
from tenantry.isolation.api import ApiDefaults, Directory
from tenantry.isolation.data import PrefixBucket, TenantTable
from tenantry.isolation.devices import IngestApi, TenantDevices, TenantLimit
from tenantry.isolation.direct import SyncWorkflow
from tenantry.isolation.events import ApplicationBus, EventType
from tenantry.isolation.vending import TokenVendor
from tenantry.model.stores import By, Store
from tests.synthesized import new_app, template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ORDERED: Final = EventType(source="shop.orders", detail_type="placed")


class _Shop:
    """Constructs on which nothing is granted yet."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stack = stack = Stack(app, "stack")
        alarms, key = sns.Topic(stack, "Alarms"), kms.Key(stack, "Key")
        self.queue = sqs.Queue(stack, "Queue")
        self.bus = ApplicationBus(stack, "Bus", bus_name="bus", archive_days=1, event_schemas={})
        self.table = TenantTable(stack, "Table", partition_key="tenant", sort_key="id")
        self.bucket = PrefixBucket(stack, "Bucket")
        self.vendor = TokenVendor(stack, "Vendor")
        self.devices = TenantDevices(stack, "Devices")
        self.workflow = SyncWorkflow(
            stack, "Workflow", definition={"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        )
        self.directory = Directory.from_table_names(stack, "Directory", users="u", tenants="t", memberships="m")
        self.function = PythonFunction(
            stack, "Function", entry=package_folder("employees"), defaults=FunctionDefaults(namespace="shop")
        )
        self.ingest = IngestApi(
            stack,
            "Ingest",
            api_name="ingest",
            stream=kinesis.Stream(stack, "Stream", encryption_key=key),
            key=key,
            limit=TenantLimit(rate=1, burst=1, required=True),
            defaults=ApiDefaults(allowed_origin="*", throttle_rate=1, throttle_burst=1, alarms=alarms),
        )


_STEPS: Final[Sequence[Callable[[_Shop], object]]] = [
    lambda shop: shop.vendor.grant_vend(shop.function, purposes=["rows", "objects"]),
    lambda shop: shop.table.grant_tenant_read(shop.vendor.purpose("rows")),
    lambda shop: shop.bucket.grant_tenant_read_write(shop.vendor.purpose("objects")),
    lambda shop: shop.function.add_environment("MORE", "more"),
    lambda shop: shop.bus.grant_publish(shop.function, source=_ORDERED.source, detail_types=[_ORDERED.detail_type]),
    lambda shop: shop.bus.add_rule(shop.stack, "Rule", event=_ORDERED, target=SqsQueue(shop.queue)),
    lambda shop: shop.directory.grant_read_state(shop.function),
    lambda shop: shop.workflow.on_request("Start", takes={}, refusal="no"),
    lambda shop: shop.workflow.allow("sqs:SendMessage", on=[shop.queue.queue_arn]),
    lambda shop: shop.table.grant_every_tenant(shop.workflow.grantee, "GetItem"),
    lambda shop: shop.devices.grant_tenant_send(shop.ingest),
    lambda shop: shop.ingest.grant_send(shop.function, "T001"),
    lambda shop: declare_store(shop.stack, Store(holds="notes", by=By.NONE)),
    lambda shop: declare_application(shop.app, name="shop", environment="dev"),
]


def _synthesized(steps: Sequence[Callable[[_Shop], object]]) -> Any:  # noqa: ANN401 - a template
    shop = _Shop(new_app())
    for step in steps:
        step(shop)
    return _normal(template(shop.stack))


def _normal(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a template whose policies have their statements in one order, which says nothing."""
    match value:
        case {"Statement": list(statements), **rest}:
            return {**rest, "Statement": sorted(statements, key=lambda part: json.dumps(part, sort_keys=True))}
        case dict():
            return {key: _normal(part) for key, part in value.items()}
        case list():
            return [_normal(part) for part in value]
        case _:
            return value


@pytest.fixture(scope="module")
def in_order() -> Any:  # noqa: ANN401 - a template
    return _synthesized(_STEPS)


@pytest.mark.parametrize("first", range(1, len(_STEPS), 4))
def test_template_is_the_same_whichever_step_comes_first(in_order: Any, first: int) -> None:  # noqa: ANN401 - a template
    assert _synthesized([*_STEPS[first:], *_STEPS[:first]]) == in_order


def test_template_is_the_same_in_the_other_direction(in_order: Any) -> None:  # noqa: ANN401 - a template
    assert _synthesized(_STEPS[::-1]) == in_order
