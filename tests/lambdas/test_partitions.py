"""Objects in five partitions: what is stored, what is refused, and the state after a failed write."""

from __future__ import annotations

import importlib
import io
import json
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from moto import mock_aws

from tenant_objects.onboarding import Onboarding
from tenant_objects.partitions import (
    DocumentedPartition,
    NotOnboardedError,
    Partition,
    PlainPartition,
    TaggedPartition,
)
from tenantry.model.caller import TenantCaller
from tenantry.model.errors import BadRequestError, NotFoundError, TooLargeError
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.rest import REPLY_BYTES
from tests.given_names import NAMES
from tests.lambdas.events import Context, proxy_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_BUCKET: Final = "bucket"
_TABLE: Final = "documents"
_KINDS: Final = ("plain", "tagged", "documented")
_HOSTILE_KEYS: Final = {
    "": "must not be empty",
    "/a": "must not begin with a slash",
    "..": "must not contain '.' or '..' as a whole segment",
    ".": "must not contain '.' or '..' as a whole segment",
    "a/../b": "must not contain '.' or '..' as a whole segment",
    "a/./b": "must not contain '.' or '..' as a whole segment",
    "a/..": "must not contain '.' or '..' as a whole segment",
    "a\nb": "must not contain control",
    "a\x00b": "must not contain control",
    "a\x7fb": "must not contain control",
    "a\x85b": "must not contain control",
    "a\u202eb": r"must not contain control or bidirectional control characters \(U\+202E\)",
    "a\u2066b": "must not contain control or bidirectional control characters",
    "\ud800": "must not contain control or bidirectional control characters",
    "k" * 1025: "must have at most",
    "k" * (1024 - len("t-1/u/") + 1): "must have at most 1018 bytes",
    "é" * 510: "must have at most 1018 bytes",
}
_VALUES: Final = [
    "",
    "plain",
    "both \"kinds\" of 'quotes'",
    "two\r\nlines\n",
    "emoji 🎉👨‍👩‍👧",
    "\x00\x1b",
    "${x} #set {{tenant_id}}",
]


class _World:
    """S3 and DynamoDB, every call of which is counted."""

    def __init__(self) -> None:
        self.s3: S3Client = boto3.client("s3", region_name="us-east-1")
        self.database: DynamoDBClient = boto3.client("dynamodb", region_name="us-east-1")
        self.s3.create_bucket(Bucket=_BUCKET)
        self.s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.database.create_table(
            TableName=_TABLE,
            KeySchema=[
                {"AttributeName": "id_concat", "KeyType": "HASH"},
                {"AttributeName": "key_name", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "id_concat", "AttributeType": "S"},
                {"AttributeName": "key_name", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.calls: Counter[str] = Counter()
        self.page: int | None = None  # how many objects or rows come at once, if not as many as AWS gives
        for client in (self.s3, self.database):
            events: Any = client.meta.events
            events.register("before-call", lambda model, **_: self.calls.update([model.name]))
            events.register("provide-client-params.s3.ListObjectsV2", partial(self._paged, "MaxKeys"))
            events.register("provide-client-params.dynamodb.Query", partial(self._paged, "Limit"))

    def _paged(self, name: str, params: dict[str, Any], **_: object) -> dict[str, Any]:
        return {**params, name: self.page} if self.page else params

    def clear(self) -> None:
        """Remove all objects, rows and buckets of tenants."""
        self.page = None
        for bucket in self.s3.list_buckets()["Buckets"]:
            for version in self.s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", []):
                self.s3.delete_object(Bucket=bucket["Name"], Key=version["Key"], VersionId=version["VersionId"])
            if bucket["Name"] != _BUCKET:
                self.s3.delete_bucket(Bucket=bucket["Name"])
        for row in self.database.scan(TableName=_TABLE)["Items"]:
            self.database.delete_item(
                TableName=_TABLE, Key={"id_concat": row["id_concat"], "key_name": row["key_name"]}
            )
        self.calls.clear()

    def partition(self, kind: str, tenant: str = "t-1", user: str = "u") -> Partition:
        caller = TenantCaller(tenant_id=tenant_id(tenant), user_id=user_id(user))
        prefix = f"{tenant}/{user}/"
        match kind:
            case "tagged":
                return TaggedPartition(self.s3, _BUCKET, prefix, caller)
            case "documented":
                return DocumentedPartition(self.s3, _BUCKET, prefix, caller, database=self.database, table=_TABLE)
            case _:
                return PlainPartition(self.s3, _BUCKET, prefix)

    @property
    def versions(self) -> int:
        """How many versions of objects there are."""
        return len(self.s3.list_object_versions(Bucket=_BUCKET).get("Versions", []))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.database.scan(TableName=_TABLE)["Count"]


@pytest.fixture(scope="module")
def whole_module() -> Iterator[_World]:
    with mock_aws():
        yield _World()


@pytest.fixture
def world(whole_module: _World) -> _World:
    whole_module.clear()
    return whole_module


def _error(code: str, status: int = 400, retries: int = 0) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status, "RetryAttempts": retries}
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": metadata}, "Operation")


def _failing(error: Exception) -> Callable[..., Any]:
    def fail(**_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("kind", _KINDS)
class TestEveryPartition:
    @pytest.mark.parametrize("value", _VALUES, ids=repr)
    def test_put_then_get_returns_the_value(self, world: _World, kind: str, value: str) -> None:
        partition = world.partition(kind)
        for key in ("best.txt", "2026/oscars/best.txt", "2026/Grüße & 'co' +%20?#.txt"):
            partition.put(key, value)
            assert partition.get(key) == value

        assert sorted(partition.names()) == ["2026/Grüße & 'co' +%20?#.txt", "2026/oscars/best.txt", "best.txt"]

    def test_last_put_wins(self, world: _World, kind: str) -> None:
        partition = world.partition(kind)
        partition.put("key", "old")
        partition.put("key", "new")

        assert partition.get("key") == "new"
        assert partition.names() == ["key"]

    def test_listing_has_own_keys_only(self, world: _World, kind: str) -> None:
        callers = [("t-1", "u"), ("t-10", "u"), ("t-1", "u1"), ("T-1", "u"), ("t-1", "U")]
        for tenant, user in callers:
            world.partition(kind, tenant, user).put(f"of-{tenant}-{user}", "x")

        for tenant, user in callers:
            assert world.partition(kind, tenant, user).names() == [f"of-{tenant}-{user}"]

    def test_empty_listing_is_an_empty_list(self, world: _World, kind: str) -> None:
        assert world.partition(kind).names() == []

    def test_listing_many_objects_makes_no_call_per_object(self, world: _World, kind: str) -> None:
        partition = world.partition(kind)
        names = [f"{number // 10}/{number:02}" for number in range(25)]
        for name in names:
            partition.put(name, "value")
        world.calls.clear()
        world.page = 10

        assert sorted(partition.names()) == names
        assert world.calls.total() == 3

    def test_listing_starts_after_a_key_and_stops_at_a_limit(self, world: _World, kind: str) -> None:
        partition = world.partition(kind)
        names = ["a", "a/b", "b", "Ä", "🎉"]  # in the order of their UTF-8
        for name in names:
            partition.put(name, "value")
        world.page = 2

        assert partition.names(limit=3) == names[:3]
        assert partition.names(after=names[2], limit=3) == names[3:]
        assert partition.names(after=names[-1]) == []
        with pytest.raises(BadRequestError, match=r"^after: must "):
            partition.names(after="a" * 1025)

    def test_too_large_object_is_not_read(self, world: _World, kind: str) -> None:
        partition = world.partition(kind)
        partition.put("key", "x" * REPLY_BYTES)
        assert len(partition.get("key")) == REPLY_BYTES
        partition.put("key", "x" * (REPLY_BYTES + 1))

        with pytest.raises(TooLargeError, match=r"^key: the object has 6291457 bytes"):
            partition.get("key")

    def test_warm_put_is_one_call_of_s3(self, world: _World, kind: str) -> None:
        partition = world.partition(kind)
        world.calls.clear()
        partition.put("key", "value")

        assert world.calls == {"PutObject": 1, "PutItem": 1} if kind == "documented" else {"PutObject": 1}

    @pytest.mark.parametrize("key", _HOSTILE_KEYS, ids=lambda key: repr(key[:12]))
    def test_invalid_key_is_refused_before_any_call(self, world: _World, kind: str, key: str) -> None:
        partition = world.partition(kind)
        world.calls.clear()

        for use in (lambda: partition.put(key, "value"), lambda: partition.get(key)):
            with pytest.raises(BadRequestError, match=f"^key: {_HOSTILE_KEYS[key]}"):
                use()
        assert not world.calls

    @pytest.mark.parametrize("key", ["k" * 1018, "é" * 509, " ", "...", ".hidden", "a..b", "a../b", "a//b", "a/", "🎉", "a b\u00e9\u4e16", *NAMES], ids=lambda key: repr(key[:12]))  # fmt: skip
    def test_every_other_key_is_accepted(self, world: _World, kind: str, key: str) -> None:
        partition = world.partition(kind)
        partition.put(key, "value")

        assert partition.get(key) == "value"
        assert partition.names() == [key]

    def test_object_of_another_user_is_not_found(self, world: _World, kind: str) -> None:
        world.partition(kind, "t-10").put("key", "secret")

        for key in ("key", "0/u/key", "t-10/u/key"):
            with pytest.raises(NotFoundError, match=r"^No such object$"):
                world.partition(kind).get(key)

    def test_s3_failure_is_raised(self, world: _World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        partition = world.partition(kind)
        partition.put("key", "value")
        for operation in ("put_object", "get_object"):
            monkeypatch.setattr(world.s3, operation, _failing(_error("InternalError", 500)))

        for use in (lambda: partition.put("key", "value"), lambda: partition.get("key")):
            with pytest.raises(ClientError, match="InternalError"):
                use()


class TestTagged:
    def test_object_and_its_tags_are_written_in_one_call(self, world: _World) -> None:
        world.partition("tagged", "T-1", "ada+x@example.com").put("key", "value")

        tags = world.s3.get_object_tagging(Bucket=_BUCKET, Key="T-1/ada+x@example.com/key")["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"tenant_id": "T-1", "user_id": "ada+x@example.com"}


class TestNotOnboarded:
    """A tenant whose own bucket, or access point, does not exist yet."""

    @pytest.fixture(params=["NoSuchBucket", "NoSuchAccessPoint"])
    def partition(self, world: _World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Partition:
        error = _failing(_error(request.param, 404))
        for operation in ("put_object", "get_object", "get_paginator"):
            monkeypatch.setattr(world.s3, operation, lambda *_, **__: error())
        return world.partition("plain")

    def test_put_is_refused(self, partition: Partition) -> None:
        with pytest.raises(NotOnboardedError):
            partition.put("key", "value")

    def test_reads_find_no_objects(self, partition: Partition) -> None:
        assert partition.names() == []
        with pytest.raises(NotFoundError):
            partition.get("key")


class TestDocumented:
    """The row says which version counts, so that readers never see half of a write."""

    @pytest.fixture
    def partition(self, world: _World) -> Partition:
        partition = world.partition("documented")
        partition.put("key", "old")
        return partition

    def test_row_has_the_contracts_attributes(self, world: _World, partition: Partition) -> None:
        assert partition
        (row,) = world.database.scan(TableName=_TABLE)["Items"]

        assert row["id_concat"] == {"S": "t-1^u"}
        assert row["key_name"] == {"S": "t-1/u/key"}
        assert row["size"] == {"N": "3"}
        assert row["bucket_name"] == {"S": _BUCKET}
        assert row["url"] == {"S": "https://bucket.s3.amazonaws.com/t-1/u/key"}
        assert row["contenttype"] == {"S": "text/plain; charset=utf-8"}
        assert {"tenant_id", "user_id", "last_modified", "etag", "version_id"} <= row.keys()

    def test_failed_object_write_changes_nothing(
        self, world: _World, partition: Partition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.s3, "put_object", _failing(_error("SlowDown", 503)))
            for key in ("key", "new key"):
                with pytest.raises(ClientError, match="SlowDown"):
                    partition.put(key, "new")

        assert (partition.names(), partition.get("key")) == (["key"], "old")
        assert (world.versions, world.rows) == (1, 1)

    def test_refused_row_removes_the_object(
        self, world: _World, partition: Partition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.database, "put_item", _failing(_error("ProvisionedThroughputExceededException")))
            for key in ("key", "new key"):
                with pytest.raises(ClientError, match="ProvisionedThroughput"):
                    partition.put(key, "new")

        assert (partition.names(), partition.get("key")) == (["key"], "old")
        with pytest.raises(NotFoundError):
            partition.get("new key")
        assert (world.versions, world.rows) == (1, 1)

    @pytest.mark.parametrize(
        "error",
        [
            _error("InternalServerError", 500),
            _error("ThrottlingException", retries=1),
            ReadTimeoutError(endpoint_url="https://dynamodb"),
        ],
        ids=["service's own error", "refused after a try without an answer", "no answer"],
    )
    @pytest.mark.parametrize("written", [True, False], ids=["written", "not written"])
    def test_ambiguous_row_write_is_consistent(
        self, world: _World, partition: Partition, monkeypatch: pytest.MonkeyPatch, error: Exception, *, written: bool
    ) -> None:
        put_item = world.database.put_item

        def put_and_lose_the_answer(**item: Any) -> None:  # noqa: ANN401 - DynamoDB's own parameters
            if written:
                put_item(**item)
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(world.database, "put_item", put_and_lose_the_answer)
            with pytest.raises(type(error)):
                partition.put("key", "new")

        assert partition.get("key") == ("new" if written else "old")

    def test_crash_between_object_and_row_is_invisible(
        self, world: _World, partition: Partition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(world.database, "put_item", _failing(SystemExit()))  # type: ignore[arg-type]
            for key in ("key", "new key"):
                with pytest.raises(SystemExit):
                    partition.put(key, "new")

        assert (partition.names(), partition.get("key")) == (["key"], "old")
        with pytest.raises(NotFoundError):
            partition.get("new key")

    def test_concurrent_writes_leave_one_whole_object(
        self, world: _World, partition: Partition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_item = world.database.put_item

        def overtaken(**item: Any) -> Any:  # noqa: ANN401 - DynamoDB's own parameters
            with monkeypatch.context() as undone:
                undone.setattr(world.database, "put_item", put_item)
                partition.put("key", "second, and first with its row")
            return put_item(**item)

        with monkeypatch.context() as patch:
            patch.setattr(world.database, "put_item", overtaken)
            partition.put("key", "first, and last with its row")

        assert partition.get("key") == "first, and last with its row"
        assert partition.names() == ["key"]

    def test_row_without_object_is_not_found(self, world: _World, partition: Partition) -> None:
        for version in world.s3.list_object_versions(Bucket=_BUCKET)["Versions"]:
            world.s3.delete_object(Bucket=_BUCKET, Key=version["Key"], VersionId=version["VersionId"])

        with pytest.raises(NotFoundError):
            partition.get("key")


class _Vendor:
    """Gives clients without asking STS, and remembers for whom."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self.asked: list[tuple[str, str, str]] = []

    def session(self, caller: TenantCaller, purpose: str) -> _Vendor:
        self.asked.append((caller.tenant_id, caller.user_id, purpose))
        return self

    def client(self, service: str) -> object:
        return {"s3": self._world.s3, "dynamodb": self._world.database}[service]


class _Api:
    """The function behind the API, with the API's own parts of an event."""

    def __init__(self, module: ModuleType, vendor: _Vendor) -> None:
        self.module = module
        self.vendor = vendor
        self.authorizer: dict[str, str] | None = {"tenantId": "t-1", "userId": "u"}

    def put(self, body: str | dict[str, Any], **query: str) -> tuple[int, Any]:
        return self._send("PUT /object", query, body if isinstance(body, str) else json.dumps(body))

    def get(self, **query: str) -> tuple[int, Any]:
        return self._send("GET /object", query)

    def _send(self, route: str, query: dict[str, str], body: str | None = None) -> tuple[int, Any]:
        event = proxy_event(path={}, authorizer=self.authorizer, body=body, route=route, query=query or None)
        answer = self.module.handler(event, Context())
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture(scope="module")
def function(whole_module: _World) -> ModuleType:
    assert whole_module
    settings = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "CORS_HEADERS": "{}",
        "PREFIX_BUCKET": _BUCKET,
        "TAG_BUCKET": _BUCKET,
        "DOCUMENTS_BUCKET": _BUCKET,
        "DOCUMENTS_TABLE": _TABLE,
        "TENANT_BUCKET": "own-{tenant}",
        "ACCESS_POINT_ARN": "arn:aws:s3:us-east-1:123456789012:accesspoint/own-{tenant}",
        "PROVISIONER": "provisioner",
        "TOKEN_VENDOR": json.dumps({"role": "arn:aws:iam::123456789012:role/tenant", "policies": {}}),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        return importlib.reload(importlib.import_module("tenant_objects.handler"))


@pytest.fixture
def api(world: _World, function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> _Api:
    vendor = _Vendor(world)
    monkeypatch.setattr(function, "vendor", vendor)
    monkeypatch.setattr(function, "onboarding", Onboarding(function.onboarding.functions, "provisioner"))
    return _Api(function, vendor)


class TestApi:
    @pytest.mark.parametrize("partition", ["prefix", "tag", "db_nosql"])
    def test_put_list_and_get_follow_the_contract(self, api: _Api, partition: str) -> None:
        created = api.put({"key": "2026/best.txt", "value": "Oscar"}, partition=partition)

        assert created == (201, {"status": "Created", "result": {"key": "2026/best.txt"}})
        assert api.get(partition=partition) == (200, {"status": "OK", "result": ["2026/best.txt"]})
        assert api.get(partition=partition, key="2026/best.txt") == (200, {"status": "OK", "result": "Oscar"})
        assert api.get(partition=partition, key="x") == (
            404,
            {"status": "Not Found", "result": {"invalid": "No such object"}},
        )
        assert set(api.vendor.asked) == {("t-1", "u", partition)}

    def test_mode_without_a_partition_uses_no_other(
        self, api: _Api, function: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.put({"key": "key", "value": ""}, partition="db_nosql")
        monkeypatch.setattr(function, "_MODES", {"new"})

        assert api.get(partition="new")[0] == 500

    def test_listing_is_paginated(self, api: _Api) -> None:
        for key in ("a", "b", "c"):
            api.put({"key": key, "value": ""}, partition="prefix")

        assert api.get(partition="prefix", limit="2")[1]["result"] == ["a", "b"]
        assert api.get(partition="prefix", limit="2", after="b")[1]["result"] == ["c"]

    @pytest.mark.parametrize(
        "limit",
        ["", "0", "-1", "1.5", "10001", "9" * 20, "0000000019999999", "0" * 8 + "1" + "9" * 5000, "²"],
        ids=lambda limit: limit[:20],
    )
    def test_malformed_limit_is_refused(self, api: _Api, limit: str) -> None:
        refused = {"invalid": "limit: use a number from 1 to 10000"}
        assert api.get(partition="prefix", limit=limit) == (400, {"status": "Bad Request", "result": refused})

    @pytest.mark.parametrize(("character", "fits"), [("x", True), ('"', False)])  # a quote is four of Lambda's answer
    def test_too_large_reply_is_413(self, api: _Api, character: str, *, fits: bool) -> None:
        value = character * (REPLY_BYTES // 4)
        api.put({"key": "key", "value": value}, partition="prefix")
        status, body = api.get(partition="prefix", key="key")

        assert (status, body["result"] == value) == ((200, True) if fits else (413, False))
        assert fits or "exceeds 6 MB" in body["result"]["invalid"]

    @pytest.mark.parametrize("query", [{}, {"partition": ""}, {"partition": "Prefix"}, {"partition": "silo"}], ids=str)
    def test_unknown_partition_is_refused_before_vending(self, api: _Api, query: dict[str, str]) -> None:
        refusal = (400, {"status": "Bad Request", "result": {"invalid": "input for partition approach"}})

        assert api.put({"key": "a", "value": "b"}, **query) == refusal
        assert api.get(**query) == refusal
        assert api.vendor.asked == []

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("", "Invalid JSON"),
            ("{", "Invalid JSON"),
            ("[]", "object"),
            ("null", "object"),
            ({}, "key: Field required"),
            ({"key": "a"}, "value: Field required"),
            ({"value": "b"}, "key: Field required"),
            ({"key": "", "value": "b"}, "key: must not be empty"),
            ({"key": 1, "value": "b"}, "key: Expected `str`"),
            ({"key": "a", "value": None}, "value: Expected `str`"),
            ({"key": "a", "value": {}}, "value: Expected `str`"),
            ({"key": "a", "value": "b", "tenant_id": "t-2"}, "tenant_id: Extra inputs"),
            ({"key": "a/../b", "value": "b"}, "key: must not contain '.' or '..'"),
            ({"key": "/a", "value": "b"}, "key: must not begin with a slash"),
            ({"key": "k" * 1025, "value": "b"}, "key: must have at most 1018 bytes"),
            ('{"key": "a", "value": "\\ud800"}', "Invalid JSON"),
            ('{"key": "\\udc00", "value": "b"}', "Invalid JSON"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_bad_body_is_refused_and_writes_nothing(
        self, world: _World, api: _Api, body: str | dict[str, Any], reason: str
    ) -> None:
        status, answer = api.put(body, partition="db_nosql")

        assert (status, answer["status"]) == (400, "Bad Request")
        assert reason in answer["result"]["invalid"]
        assert (world.versions, world.rows) == (0, 0)

    def test_empty_key_is_a_bad_request(self, api: _Api) -> None:
        status, answer = api.get(partition="prefix", key="")

        assert (status, answer["result"]["invalid"]) == (400, "key: must not be empty")

    @pytest.mark.parametrize(
        ("authorizer", "status", "phrase"),
        [(None, 401, "Unauthorized"), ({"userId": "u", "tenantId": "t*"}, 401, "Unauthorized"), ({"userId": "u"}, 403, "Forbidden")],
        ids=str,
    )  # fmt: skip
    def test_caller_without_tenant_is_refused(
        self, api: _Api, authorizer: dict[str, str] | None, status: int, phrase: str
    ) -> None:
        api.authorizer = authorizer

        assert api.get(partition="prefix") == (status, {"status": phrase, "result": {"invalid": phrase}})
        assert api.vendor.asked == []

    def test_access_denied_is_403_or_404(self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """As for a tenant whose bucket's name is another tenant's, but for upper and lower case."""
        denied = _failing(_error("AccessDenied", 403))
        for operation in ("put_object", "get_object"):
            monkeypatch.setattr(world.s3, operation, denied)
        monkeypatch.setattr(world.s3, "get_paginator", lambda _: denied())
        forbidden = (403, {"status": "Forbidden", "result": {"invalid": "Forbidden"}})

        for onboarded in (False, True):
            monkeypatch.setattr(api.module, "onboarding", Onboarding(api.module.onboarding.functions, "provisioner"))
            answer = {"onboarded": onboarded}
            monkeypatch.setattr(api.module.onboarding.functions, "invoke", lambda answer=answer, **_: _reply(answer))
            for partition in ("bucket", "access_point"):
                assert api.put({"key": "a", "value": "b"}, partition=partition) == forbidden
        assert api.get(partition="bucket") == forbidden
        assert api.get(partition="bucket", key="a")[0] == 404

    @pytest.mark.parametrize("partition", ["bucket", "access_point"])
    def test_taken_bucket_name_is_500_and_logged(
        self,
        world: _World,
        api: _Api,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        partition: str,
    ) -> None:
        monkeypatch.setattr(world.s3, "put_object", _failing(_error("AccessDenied", 403)))
        failed = {**_reply({"errorMessage": "The bucket own-t-1 belongs to another AWS account"}), "FunctionError": "x"}
        monkeypatch.setattr(api.module.onboarding.functions, "invoke", lambda **_: failed)

        assert api.put({"key": "a", "value": "b"}, partition=partition) == (500, {"message": "Internal server error"})
        assert "own-t-1 belongs to another AWS account" in capsys.readouterr().out

    def test_denied_write_to_shared_bucket_starts_no_onboarding(
        self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world.s3, "put_object", _failing(_error("AccessDenied", 403)))
        monkeypatch.setattr(api.module.onboarding.functions, "invoke", _failing(_error("Unexpected")))

        assert api.put({"key": "a", "value": "b"}, partition="prefix")[0] == 403

    def test_other_failures_are_500_without_details(
        self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world.s3, "put_object", _failing(_error("InternalError", 500)))

        answer = api.put({"key": "a", "value": "b"}, partition="prefix")

        assert answer == (500, {"message": "Internal server error"})


class TestFirstUse:
    """A tenant's first object has its bucket made; from then on a write is one call."""

    @pytest.fixture
    def provisioned(self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        asked: list[Any] = []

        def invoke(*, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - Lambda's own names
            assert FunctionName == "provisioner"
            asked.append(json.loads(Payload))
            world.s3.create_bucket(Bucket="own-t-1")
            return _reply({"onboarded": True})

        monkeypatch.setattr(api.module.onboarding.functions, "invoke", invoke)
        return asked

    def test_bucket_is_created_once(self, world: _World, api: _Api, provisioned: list[Any]) -> None:
        world.calls.clear()
        for number in range(3):
            assert api.put({"key": f"k{number}", "value": "v"}, partition="bucket")[0] == 201

        assert provisioned == [{"detail": {"tenantId": "t-1"}}]
        assert world.calls == {"PutObject": 3, "CreateBucket": 1}
        assert api.get(partition="bucket") == (200, {"status": "OK", "result": ["k0", "k1", "k2"]})

    def test_reading_creates_no_bucket(self, api: _Api, provisioned: list[Any]) -> None:
        assert api.get(partition="bucket") == (200, {"status": "OK", "result": []})
        assert api.get(partition="bucket", key="a")[0] == 404
        assert provisioned == []

    def test_invalid_key_creates_no_bucket(self, api: _Api, provisioned: list[Any]) -> None:
        assert api.put({"key": "..", "value": "v"}, partition="bucket")[0] == 400
        assert provisioned == []

    def test_taken_tenant_name_is_refused(self, api: _Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api.module.onboarding.functions, "invoke", lambda **_: _reply({"onboarded": False}))

        status, answer = api.put({"key": "a", "value": "b"}, partition="bucket")

        assert (status, answer["status"]) == (403, "Forbidden")

    @pytest.mark.parametrize("onboarded", [False, True], ids=["refused", "denied although it is finished"])
    @pytest.mark.parametrize("partition", ["bucket", "access_point"])
    def test_denied_writes_call_the_provisioner_once_a_minute(
        self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch, partition: str, *, onboarded: bool
    ) -> None:
        asked: list[object] = []

        def invoke(**call: object) -> dict[str, Any]:
            asked.append(call)
            return _reply({"onboarded": onboarded})

        monkeypatch.setattr(api.module.onboarding.functions, "invoke", invoke)
        monkeypatch.setattr(world.s3, "put_object", _failing(_error("AccessDenied", 403)))
        now = time.monotonic()
        for later, times in ((0.0, 1), (61.0, 2)):
            monkeypatch.setattr("tenant_objects.onboarding.time.monotonic", lambda later=later: now + later)
            for _ in range(5):
                assert api.put({"key": "a", "value": "b"}, partition=partition)[0] == 403
            assert len(asked) == times

    def test_failing_provisioner_is_not_called_in_a_loop(self, api: _Api, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[object] = []

        def invoke(**call: object) -> dict[str, Any]:
            asked.append(call)
            return {**_reply({"errorMessage": "x"}), "FunctionError": "Unhandled"}

        monkeypatch.setattr(api.module.onboarding.functions, "invoke", invoke)
        now = time.monotonic()
        for later, times in ((0.0, 1), (11.0, 2)):
            monkeypatch.setattr("tenant_objects.onboarding.time.monotonic", lambda later=later: now + later)
            for _ in range(5):
                assert api.put({"key": "a", "value": "b"}, partition="bucket")[0] == 500
            assert len(asked) == times

    def test_existing_bucket_is_not_written_before_provisioning(
        self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.s3.create_bucket(Bucket="own-t-1")  # and left half-way
        monkeypatch.setattr(api.module.onboarding.functions, "invoke", lambda **_: _reply({"onboarded": False}))
        world.calls.clear()

        assert api.put({"key": "a", "value": "b"}, partition="bucket")[0] == 403
        assert not world.calls

    def test_access_point_works_if_the_bucket_name_is_taken(
        self, world: _World, api: _Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put, there = world.s3.put_object, []

        def invoke(**_: object) -> dict[str, Any]:
            there.append(True)
            return {**_reply({"errorMessage": "own-t-1 is taken"}), "FunctionError": "Unhandled"}

        def onto_access_point(*, Bucket: str, Key: str, Body: bytes, ContentType: str) -> object:  # noqa: N803
            assert Bucket.startswith("arn:")
            return (
                put(Bucket=_BUCKET, Key=Key, Body=Body, ContentType=ContentType)
                if there
                else _failing(_error("NoSuchAccessPoint", 404))()
            )

        monkeypatch.setattr(api.module.onboarding.functions, "invoke", invoke)
        monkeypatch.setattr(world.s3, "put_object", onto_access_point)

        assert api.put({"key": "a", "value": "b"}, partition="access_point")[0] == 201

    def test_failed_bucket_creation_is_500(self, api: _Api, monkeypatch: pytest.MonkeyPatch) -> None:
        failed = {**_reply({"errorMessage": "x"}), "FunctionError": "Unhandled"}
        monkeypatch.setattr(api.module.onboarding.functions, "invoke", lambda **_: failed)

        assert api.put({"key": "a", "value": "b"}, partition="bucket")[0] == 500


def _reply(payload: object) -> dict[str, Any]:
    content = json.dumps(payload).encode()
    return {"Payload": StreamingBody(io.BytesIO(content), len(content))}
