"""A construct creates its children in itself: the scope gets one new child, of the id that was given."""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.api import (
    Access,
    AdminApi,
    ApiDefaults,
    ApiLogging,
    Directory,
    MemberApi,
    Route,
    SharedTokens,
    TenantApi,
    TenantAuthorizer,
    TenantDashboard,
)
from tenantry.isolation.data import AccessPointBucket, DocumentedBucket, PrefixBucket, TaggedBucket, TenantTable
from tenantry.isolation.devices import IngestApi, TenantDevices, TenantLimit
from tenantry.isolation.direct import ContextText, ServiceIntegration, ServiceReply, SyncWorkflow
from tenantry.isolation.events import (
    ApplicationBus,
    EventSaga,
    EventType,
    SagaEmission,
    SagaTask,
    TenantQueue,
    dead_letter_queue,
)
from tenantry.isolation.vending import TENANT_NAME, TokenVendor
from tenantry.streaming import DataLake, StreamingApplication
from tenantry.web import PageApi, WebPage
from tests.constructs.packages import PACKAGES
from tests.synthesized import ROOT, new_app

if TYPE_CHECKING:
    from collections.abc import Callable

_FUNCTIONS: Final = FunctionDefaults(namespace="shop")
_ORDERED: Final = EventType(source="shop.orders", detail_type="placed")


class _World:
    """What constructs need, in a stack of its own."""

    def __init__(self) -> None:
        self.app = app = new_app()
        self.stack = Stack(app, "stack")
        others = Stack(app, "others")
        self.alarms = sns.Topic(others, "Alarms")
        self.dead_letters = sqs.Queue(others, "DeadLetters")
        self.key = kms.Key(others, "Key")
        self.stream = kinesis.Stream(others, "Stream")
        self.lake = DataLake(others, "Lake", key=self.key, database_name="lake")
        self.table = TenantTable(others, "Table", partition_key="tenant", sort_key="id")
        self.bus = ApplicationBus(others, "Bus", bus_name="bus", archive_days=1, event_schemas={})
        pool = cognito.UserPool(others, "Pool")
        self.users: dict[str, Any] = {
            "user_pool": pool,
            "client": pool.add_client("Client"),
            "directory": Directory.from_table_names(others, "Directory", users="u", tenants="t", memberships="m"),
        }
        self.apis = ApiDefaults(
            allowed_origin="https://shop.example", throttle_rate=1, throttle_burst=1, alarms=self.alarms
        )
        self.function = PythonFunction(others, "Function", entry=package_folder("employees"), defaults=_FUNCTIONS)

    def route(self, access: Access = Access.TENANT) -> Route:
        roles = ["clerk"] if access is Access.TENANT else []
        return Route(method="GET", path="/orders", handler=self.function, access=access, roles=roles)

    def api(self, kind: type[Any], **more: Any) -> None:  # noqa: ANN401 - the API's own parameters
        kind(self.stack, "Made", api_name="api", routes=[self.route()], defaults=self.apis, **more)


def _integration(world: _World) -> None:
    ServiceIntegration(
        world.stack,
        "Made",
        action=world.table.service_action("GetItem"),
        request={"Key": {"tenant": {"S": ContextText("authorizer.tenantId")}, "id": {"S": "x"}}},
        reply=ServiceReply(body={}),
        refusal="no",
    )


def _saga(world: _World) -> None:
    EventSaga(
        world.stack,
        "Made",
        bus=world.bus,
        on=_ORDERED,
        checks=["$exists($event.detail)"],
        tasks=[SagaTask(name="Put", resource="arn:aws:states:::dynamodb:putItem", arguments={})],
        emits=SagaEmission(event=_ORDERED, detail={}),
        alarms=world.alarms,
    )


def _admin_api_elsewhere(world: _World) -> AdminApi:
    scope = Stack(world.app, "api")
    return AdminApi(scope, "Api", api_name="admin", routes=[world.route(Access.IAM)], defaults=world.apis)


_MAKERS: Final[dict[object, Callable[[_World], object]]] = {
    AccessPointBucket: lambda world: AccessPointBucket(world.stack, "Made", access_point_name=f"shop-{TENANT_NAME}"),
    AdminApi: lambda world: AdminApi(
        world.stack, "Made", api_name="api", routes=[world.route(Access.IAM)], defaults=world.apis
    ),
    ApiLogging: lambda world: ApiLogging(world.stack, "Made"),
    ApplicationBus: lambda world: ApplicationBus(
        world.stack, "Made", bus_name="made", archive_days=1, event_schemas={_ORDERED: {"type": "object"}}
    ),
    DataLake: lambda world: DataLake(world.stack, "Made", key=world.key, database_name="made"),
    DocumentedBucket: lambda world: DocumentedBucket(world.stack, "Made"),
    EventSaga: _saga,
    IngestApi: lambda world: IngestApi(
        world.stack,
        "Made",
        api_name="api",
        stream=world.stream,
        key=world.key,
        limit=TenantLimit(rate=1, burst=1, required=True),
        defaults=world.apis,
    ),
    MemberApi: lambda world: world.api(MemberApi, function_defaults=_FUNCTIONS, **world.users),
    PrefixBucket: lambda world: PrefixBucket(world.stack, "Made"),
    PythonFunction: lambda world: PythonFunction(
        world.stack,
        "Made",
        entry=package_folder("employees"),
        defaults=_FUNCTIONS,
        dead_letters=world.dead_letters,
    ),
    ServiceIntegration: _integration,
    SharedTokens: lambda world: SharedTokens(world.stack, "Made", issuer="shop"),
    StreamingApplication: lambda world: StreamingApplication(
        world.stack, "Made", stream=world.stream, lake=world.lake, key=world.key, alarms=world.alarms
    ),
    SyncWorkflow: lambda world: SyncWorkflow(world.stack, "Made", definition={}).on_request(
        "Start", takes={}, refusal="no"
    ),
    TaggedBucket: lambda world: TaggedBucket(world.stack, "Made"),
    TenantApi: lambda world: world.api(TenantApi, function_defaults=_FUNCTIONS, **world.users),
    TenantAuthorizer: lambda world: TenantAuthorizer(
        world.stack, "Made", routes=["GET /orders clerk"], defaults=_FUNCTIONS, **world.users
    ),
    TenantDashboard: lambda world: TenantDashboard(world.stack, "Made", application="shop"),
    TenantDevices: lambda world: TenantDevices(world.stack, "Made"),
    TenantQueue: lambda world: TenantQueue(
        world.stack, "Made", consumer=world.function, consumer_timeout=Duration.seconds(5), alarms=world.alarms
    ).on_request("Send", takes={}, refusal="no"),
    TenantTable: lambda world: TenantTable(
        world.stack, "Made", partition_key="tenant", sort_key="id", indexes={"by-day": ("tenant", "day")}
    ),
    TokenVendor: lambda world: TokenVendor(world.stack, "Made"),
    WebPage: lambda world: WebPage(
        world.stack,
        "Made",
        source=ROOT / "dashboard",
        apis=[PageApi(name="orders", url="https://abc.execute-api.eu-north-1.amazonaws.com/prod")],
        talks_to=[],
        settings={},
        function_defaults=_FUNCTIONS,
    ),
    # Helpers and factories that stand in a scope as well.
    dead_letter_queue: lambda world: dead_letter_queue(
        world.stack, "Made", alarms=world.alarms, removal_policy=RemovalPolicy.DESTROY
    ),
    Directory.from_table_names: lambda world: Directory.from_table_names(
        world.stack, "Made", users="u", tenants="t", memberships="m"
    ),
    ApplicationBus.from_bus_name: lambda world: ApplicationBus.from_bus_name(world.stack, "Made", bus_name="bus"),
    TenantTable.from_table_name: lambda world: TenantTable.from_table_name(
        world.stack, "Made", table_name="orders", partition_key="tenant"
    ),
    PrefixBucket.from_bucket_name: lambda world: PrefixBucket.from_bucket_name(
        world.stack, "Made", bucket_name="orders"
    ),
    AdminApi.grant_invoke: lambda world: _admin_api_elsewhere(world).grant_invoke(
        world.stack, "Made", role=world.function.execution_role, method="GET", path="/orders"
    ),
}


def _name(maker: object) -> str:
    return getattr(maker, "__qualname__", str(maker))


@pytest.mark.parametrize("maker", _MAKERS, ids=_name)
def test_scope_gets_one_child_of_the_given_id(maker: object) -> None:
    world = _World()

    _MAKERS[maker](world)

    assert [child.node.id for child in world.stack.node.children] == ["Made"]


def test_no_public_construct_is_missing_above() -> None:
    public = {
        found
        for package in PACKAGES
        for found in (getattr(package, name) for name in package.__all__)
        if inspect.isclass(found) and issubclass(found, Construct)
    }

    assert public - _MAKERS.keys() == set()


def test_function_is_the_default_child_of_the_construct_that_stands_in_the_scope() -> None:
    stack = Stack(new_app(), "stack")
    function = PythonFunction(stack, "Made", entry=package_folder("employees"), defaults=_FUNCTIONS)

    (home,) = stack.node.children
    assert home.node.default_child is function
    assert (function.name_in_app, home.node.path) == ("stack/Made", "stack/Made")
    # So that its own logical id is that of a function in the scope, as it was in 0.1.
    assert stack.resolve(function.node.default_child.logical_id) == f"Made{_hash('Made/Resource')}"  # type: ignore[union-attr]


@pytest.mark.parametrize("scope", ["stack", "inner"])
def test_retries_keep_the_logical_id_of_a_construct_beside_the_function(scope: str) -> None:
    """A function has one such configuration: under another id, an update would make a second one and delete it again."""
    stack = Stack(new_app(), "stack")
    inner = Construct(stack, "A-Made") if scope == "inner" else stack
    beside = sqs.Queue(inner, "MadeRetries")
    found = stack.resolve(beside.node.default_child.logical_id)  # type: ignore[union-attr]
    function = PythonFunction(
        inner,
        "Made",
        entry=package_folder("employees"),
        defaults=_FUNCTIONS,
        dead_letters=sqs.Queue(stack, "DeadLetters"),
    )
    retries = next(child for child in function.node.scope.node.children if child.node.id == "Retries")  # type: ignore[union-attr]

    assert stack.resolve(retries.node.default_child.logical_id) == found  # type: ignore[union-attr]


def _hash(path: str) -> str:
    return hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()[:8].upper()


@pytest.mark.parametrize("maker", _MAKERS, ids=_name)
def test_public_attributes_are_read_only(maker: object) -> None:
    """What a construct is known by must not change under the grants on it."""
    world = _World()

    _MAKERS[maker](world)

    made = [child for child in world.app.node.find_all() if type(child).__module__.startswith("tenantry.")]
    settable = [(type(child).__name__, name) for child in made for name in vars(child) if not name.startswith("_")]
    assert made
    assert settable == []


def test_public_attribute_can_be_overridden() -> None:
    class Elsewhere(PrefixBucket):
        @property
        def bucket_name(self) -> str:
            return f"copy-of-{super().bucket_name}"

    bucket = Elsewhere(Stack(new_app(), "stack"), "Made", bucket_name="orders")

    assert bucket.bucket_name == "copy-of-orders"
    with pytest.raises(AttributeError, match="bucket_name"):
        bucket.bucket_name = "other"  # type: ignore[misc]


def test_statements_of_a_purpose_are_added_by_grants_only() -> None:
    purpose = TokenVendor(Stack(new_app(), "stack"), "Vendor").purpose("orders")

    assert isinstance(purpose.statements, tuple)
    with pytest.raises(AttributeError, match="name"):
        purpose.name = "other"  # type: ignore[misc]
