"""What a construct is given is checked at once: the message shows the value, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.aws_lambda import HttpMethod

from tenantry.functions import declare_application
from tenantry.isolation.api import Route, TenantDashboard
from tenantry.isolation.data import AccessPointBucket, PrefixBucket, SiloBuckets, TenantTable
from tenantry.isolation.devices import TenantLimit
from tenantry.isolation.events import ApplicationBus, EventSaga, EventType, SagaEmission, SagaTask
from tenantry.isolation.validation import api_path, attribute_name, http_method, tenants_bucket_name
from tenantry.isolation.vending import TENANT_NAME, TokenVendor
from tenantry.model.stores import APPLICATION
from tenantry.streaming import DataLake
from tenantry.web import PageApi
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Callable

_EVENT: Final = EventType(source="shop.orders", detail_type="placed")


def _table(**given: Any) -> Callable[[Stack], object]:  # noqa: ANN401 - the table's own parameters
    return lambda stack: TenantTable(stack, "Table", **{"partition_key": "tenant", "sort_key": "id", **given})


def _route(**given: Any) -> Callable[[Stack], object]:  # noqa: ANN401 - the route's own parameters
    return lambda _: Route(**{"method": "GET", "path": "/orders", "handler": None, **given})


def _bus(name: str = "bus", days: int = 1) -> Callable[[Stack], ApplicationBus]:
    return lambda stack: ApplicationBus(stack, "Bus", bus_name=name, archive_days=days, event_schemas={})


def _saga(stack: Stack, *names: str, checks: bool = True) -> None:
    EventSaga(
        stack,
        "Saga",
        bus=_bus()(stack),
        on=_EVENT,
        checks=["$exists($event)"] if checks else [],
        tasks=[SagaTask(name=name, resource="arn:aws:states:::dynamodb:putItem", arguments={}) for name in names],
        emits=SagaEmission(event=_EVENT, detail={}),
        alarms=sns.Topic(stack, "Alarms"),
    )


_WRONG: Final[list[tuple[Callable[[Stack], object], str]]] = [
    (_route(method="get"), r"The HTTP method 'get' is not valid: use one of GET, PUT, POST, DELETE, in upper case"),
    (_route(method="PATCH"), "The HTTP method 'PATCH' is not valid"),
    (_route(path="orders"), "The API path 'orders' is not valid: begin with '/'"),
    (_route(path="/orders/"), "The API path '/orders/' is not valid.*leave out a '/' at the end"),
    (_route(path="/orders//x"), "The API path '/orders//x' is not valid"),
    (_route(path="/orders/{id"), "The API path '/orders/{id' is not valid: .*write a parameter as '{name}'"),
    (_route(path="/orders of/{id}"), "The API path '/orders of/{id}' is not valid"),
    (_route(path="/{id}/of/{id}"), "The API path '/{id}/of/{id}' is not valid: give each parameter a name of its own"),
    (
        _route(path="/{id}/of/{id+}"),
        "The API path '/{id}/of/{id\\+}' is not valid: give each parameter a name of its own",
    ),
    (_route(path="/a/{p+}/b"), "The API path '/a/{p\\+}/b' is not valid: a parameter with '\\+' .*, so put it last"),
    (_route(path="/{p+}/{q+}"), "The API path '/{p\\+}/{q\\+}' is not valid: a parameter with '\\+'"),
    (_table(partition_key=""), "The attribute name '' is not valid: use 1 to 255 characters"),
    (_table(sort_key="tenant"), "The sort key 'tenant' is the partition key as well: name another attribute"),
    (_table(table_name="a table"), "The table name 'a table' is not valid: use 3 to 255 letters"),
    (_table(indexes={"by name": ("tenant", "name")}), "The index name 'by name' is not valid: use 3 to 255 letters"),
    (_table(indexes={"by-name": ("tenant", "")}), "The attribute name '' is not valid"),
    (
        lambda stack: TenantTable.from_table_name(stack, "T", table_name="x", partition_key="tenant"),
        "The table name 'x' is not valid",
    ),
    (
        lambda stack: TenantTable.from_table_name(stack, "T", table_name="xyz", partition_key="t", leading_key="all"),
        "The leading key 'all' must begin with the tenant",
    ),
    (lambda stack: PrefixBucket(stack, "B", bucket_name="Shop"), "The bucket name 'Shop' is not valid: use 3 to 63"),
    (lambda stack: PrefixBucket(stack, "B", bucket_name="a..b"), "The bucket name 'a..b' is not valid"),
    (lambda stack: PrefixBucket(stack, "B", bucket_name="192.168.0.1"), "The bucket name '192.168.0.1' is not valid"),
    (lambda stack: PrefixBucket.from_bucket_name(stack, "B", bucket_name="_"), "The bucket name '_' is not valid"),
    (lambda stack: SiloBuckets(stack, name="shop"), "The bucket name 'shop' is not valid: put TENANT_NAME .* into it"),
    (
        lambda stack: SiloBuckets(stack, name=f"{'s' * 30}-{TENANT_NAME}"),
        "is not valid: use lower-case .* 63 characters at most with a tenant of 38",
    ),
    (
        lambda stack: AccessPointBucket(stack, "B", access_point_name="shop"),
        "The access point name 'shop' is not valid: put TENANT_NAME",
    ),
    (
        lambda stack: AccessPointBucket(stack, "B", access_point_name=f"a.b-{TENANT_NAME}"),
        "is not valid: use lower-case letters, digits and '-', 50 characters at most",
    ),
    (_bus("a bus"), "The event bus name 'a bus' is not valid: use 1 to 256 letters"),
    (_bus(days=0), "The archive of stack/Bus cannot keep events for 0 days: use 1 or more"),
    (
        lambda stack: ApplicationBus.from_bus_name(stack, "B", bus_name="a/b"),
        "The event bus name 'a/b' is not valid",
    ),
    (
        lambda _: EventType(source="aws.s3", detail_type="x"),
        "The event source 'aws.s3' is not valid.*begin with 'aws.'",
    ),
    (lambda _: EventType(source="shop/*", detail_type="x"), "The event source 'shop/\\*' is not valid"),
    (lambda _: EventType(source="shop", detail_type=""), "The detail-type '' is not valid: use 1 to 128 letters"),
    (
        lambda stack: _bus()(stack).grant_publish(None, source="shop", detail_types=[]),  # type: ignore[arg-type]
        "Nothing of 'shop' is to be published: name the detail-types",
    ),
    (
        lambda stack: _bus()(stack).grant_publish(None, source="shop", detail_types=["*"]),  # type: ignore[arg-type]
        "The detail-type '\\*' is not valid",
    ),
    (lambda stack: TokenVendor(stack, "V").purpose("all orders"), "The purpose 'all orders' is not valid: use 1 to 64"),
    (
        lambda stack: DataLake(stack, "L", key=kms.Key(stack, "K"), database_name="My-Lake"),
        "The database name 'My-Lake' is not valid: use lower-case",
    ),
    (lambda stack: TenantDashboard(stack, "D", application="a'b"), 'The application name "a\'b" is not valid'),
    (lambda _: TenantLimit(rate=0, burst=1, required=True), "A tenant cannot send at 0 a second, 1 at once"),
    (lambda _: PageApi(name="a/b", url="https://x"), "The API name 'a/b' is not valid: use lower-case"),
    (lambda _: PageApi(name="a", url="http://x"), "The URL of the API 'a' is 'http://x': use https://<host>/<stage>"),
    (lambda stack: _saga(stack, "Put", checks=False), "stack/Saga checks nothing of the event: give conditions"),
]


@pytest.mark.parametrize(("make", "message"), _WRONG, ids=[message[:60] for _, message in _WRONG])
def test_what_is_wrong_is_refused_with_the_value_and_the_remedy(make: Callable[[Stack], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(Stack(new_app(), "stack"))


@pytest.mark.parametrize(
    "path", ["/", "/orders", "/orders/{id}/lines/{lineId}", "/{proxy+}", "/{id}/{rest+}", "/v1.2/a-b_c"]
)
def test_paths_that_an_api_can_have_pass(path: str) -> None:
    assert Route(method="GET", path=path, handler=None).path == path  # type: ignore[arg-type]


def test_what_is_known_at_deployment_only_passes_unchecked() -> None:
    stack = Stack(new_app(), "stack")
    text = CfnParameter(stack, "Name").value_as_string

    assert EventType(source=text, detail_type=text).source == text
    assert PrefixBucket.from_bucket_name(stack, "Bucket", bucket_name=text).bucket_name == text
    assert ApplicationBus.from_bus_name(stack, "Bus", bus_name=text).bus_arn
    assert TenantTable.from_table_name(stack, "Table", table_name=text, partition_key="tenant").table_name
    SiloBuckets(stack, name=f"{TENANT_NAME}-{stack.account}")


@pytest.mark.parametrize("names", [("Put", "Put"), ("Publish the event",), ("Failed",)])
def test_saga_does_not_lose_a_task_to_another_of_its_name(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"two states named {names[-1]!r}: give each task a name of its own"):
        _saga(Stack(new_app(), "stack"), *names)


def test_stack_that_is_added_after_the_application_was_declared_is_marked_as_well() -> None:
    app = new_app()
    sns.Topic(Stack(app, "before"), "Topic")
    declare_application(app, name="shop", environment="dev", ephemeral=True)
    sns.Topic(Stack(app, "after"), "Topic")

    assembly = app.synth()

    marks = [assembly.get_stack_by_name(name).template["Metadata"][APPLICATION] for name in ("before", "after")]
    assert marks == [{"name": "shop", "environment": "dev", "ephemeral": "true"}] * 2


@pytest.mark.parametrize("value", [None, 7, HttpMethod.GET, b"GET"], ids=str)
@pytest.mark.parametrize("form", [http_method, attribute_name, tenants_bucket_name, api_path])
def test_what_is_no_text_is_refused_with_the_value_and_the_remedy(
    form: Callable[[Any], str],
    value: Any,  # noqa: ANN401 - anything
) -> None:
    with pytest.raises(ValueError, match=f"^The .* {re.escape(repr(value))} is not valid: .+"):
        form(value)
