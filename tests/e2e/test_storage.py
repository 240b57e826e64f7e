"""Objects of two tenants in five partitions, through the deployed API."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import jwt
import pytest

from tests.e2e.storage import ACCOUNT, PARTITIONS, Operator, StorageApi, own_bucket, result
from tests.given_names import NAMES
from tests.waiting import until

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_ISSUER: Final = "tenantry-storage"
# The local environment takes the hands-on's; that its tokens count shows in `test_hands_on`.
_PUBLISHED_SECRET: Final = "aws-saas-factory"
_VALUES: Final = {
    "empty.txt": "",
    "both 'kinds' of \"quotes\".txt": 'It\'s "quoted" \\ and \\" escaped',
    "lines.txt": "one\ntwo\r\n\tthree\n",
    "emoji 🎉.txt": "🎉👨‍👩‍👧 Grüße, Ωmega",
    "2026/oscars/a/b/c/best.txt": '{"json": ["in", "json"]} ${x} #set($y = 1) {{tenant_id}}',
}


@pytest.fixture(scope="module")
def api(world: World) -> StorageApi:
    return StorageApi(world.http, world.target.storage_api)


@pytest.fixture(scope="module")
def operator(world: World) -> Operator:
    return Operator(world.target)


def _new(label: str) -> str:
    """Return the id of a tenant that nobody has used."""
    return f"{label}-{secrets.token_hex(4)}"


@pytest.mark.parametrize(
    ("value", "status"),
    [("x" * 6_200_000, 201), ("x" * 6_300_000, 413), ('"' * 2_000_000, 413), ("x" * 10_600_000, 413)],
    ids=["fits", "over 6 MB", "over 6 MB with its escapes", "over 10 MB"],
)
def test_too_large_put_is_refused_with_a_reason(api: StorageApi, value: str, status: int) -> None:
    token = api.token(_new("large"), "user1")
    answer = api.put(token, "prefix", "large.txt", value)

    assert answer.status == status
    if answer.ok:
        assert result(api.get(token, "prefix", "large.txt")) == value
    else:
        assert "at most 6 MB" in answer.json()["result"]["invalid"]
        assert answer.headers["access-control-allow-origin"]
        assert api.names(token, "prefix") == []


def test_too_large_get_is_refused_but_listed(api: StorageApi, operator: Operator) -> None:
    tenant = _new("large")
    token = api.token(tenant, "user1")
    for key, content in (("long.txt", b"x" * 6_300_000), ("quotes.txt", b'"' * 2_000_000), ("small.txt", b"x")):
        operator.s3.put_object(Bucket=f"aws-saas-s3-prefix-{ACCOUNT}", Key=f"{tenant}/user1/{key}", Body=content)

    assert [api.get(token, "prefix", key).status for key in api.names(token, "prefix")] == [413, 413, 200]
    assert "6 MB" in api.get(token, "prefix", "long.txt").json()["result"]["invalid"]
    parts = [
        api.send("GET", token, partition="prefix", limit="2"),
        api.send("GET", token, partition="prefix", after="long.txt", limit="2"),
    ]
    assert [result(part) for part in parts] == [["long.txt", "quotes.txt"], ["quotes.txt", "small.txt"]]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_users_and_tenants_see_their_own_objects_only(api: StorageApi, partition: str) -> None:
    tenant = _new("t")
    # Of the same beginnings: a listing or a policy without its closing slash would mix them up.
    callers = {(t, u): api.token(t, u) for t in (tenant, f"{tenant}0") for u in ("user1", "user10")}
    for (owner, user), token in callers.items():
        created = api.put(token, partition, "2026/oscars/best.txt", f"of {owner}/{user}")
        assert (created.status, created.json()["status"]) == (201, "Created")
        api.put(token, partition, f"only-{user}.txt", "x")

    for (owner, user), token in callers.items():
        listed = api.send("GET", token, partition=partition)
        assert (listed.status, listed.json()["status"]) == (200, "OK")
        assert sorted(listed.json()["result"]) == ["2026/oscars/best.txt", f"only-{user}.txt"]
        assert result(api.get(token, partition, "2026/oscars/best.txt")) == f"of {owner}/{user}"
    other = api.get(callers[tenant, "user1"], partition, "only-user10.txt")
    missing = api.get(callers[tenant, "user1"], partition, "no-such.txt")
    assert (other.status, other.text) == (missing.status, missing.text) == (404, missing.text)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_any_text_round_trips(api: StorageApi, partition: str) -> None:
    token = api.token(_new("texts"), "ada@example.com")
    for key, value in _VALUES.items():
        assert api.put(token, partition, key, value).status == 201

    assert {key: result(api.get(token, partition, key)) for key in _VALUES} == _VALUES
    assert sorted(api.names(token, partition)) == sorted(_VALUES)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_unicode_keys_round_trip(api: StorageApi, partition: str) -> None:
    token = api.token(_new("names"), "user1")
    for name in NAMES:
        assert api.put(token, partition, name, f"the content of {name}").status == 201, name

    assert sorted(api.names(token, partition)) == sorted(NAMES)
    assert [result(api.get(token, partition, name)) for name in NAMES] == [f"the content of {name}" for name in NAMES]
    for character in ("\u202e", "\u2066", "\u0085", "\u007f", "\t"):
        assert api.put(token, partition, f"a{character}b", "x").status == 400
        assert api.get(token, partition, f"a{character}b").status == 400


@pytest.mark.parametrize("partition", PARTITIONS)
def test_five_megabytes_round_trip(api: StorageApi, partition: str) -> None:
    token, value = api.token(_new("large"), "user1"), secrets.token_hex(5 * 512 * 1024)
    assert len(value) == 5 * 1024 * 1024

    assert api.put(token, partition, "large.txt", value).status == 201
    assert result(api.get(token, partition, "large.txt")) == value


@pytest.mark.parametrize("partition", PARTITIONS)
def test_empty_listing_is_an_empty_list(api: StorageApi, partition: str) -> None:
    token = api.token(_new("nobody"), "user1")

    assert api.names(token, partition) == []
    assert api.get(token, partition, "movies.txt").status == 404


class TestManyObjects:
    """2,500 objects of one user, which is more than S3 or DynamoDB gives at once, are listed whole."""

    _NAMES: Final = [f"{number // 100:02}/{number:04}.txt" for number in range(2500)]

    def test_in_a_bucket(self, api: StorageApi, operator: Operator) -> None:
        tenant, bucket = _new("many"), f"aws-saas-s3-prefix-{ACCOUNT}"
        keys = [f"{tenant}/user1/{name}" for name in self._NAMES] + [f"{tenant}/user10/not-mine.txt"]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: operator.s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))

        assert api.names(api.token(tenant, "user1"), "prefix") == self._NAMES

    def test_in_a_table(self, world: World, deployed: LocalCloud, api: StorageApi) -> None:
        tenant = _new("many")
        table = deployed.session().resource("dynamodb").Table(world.target.metadata_table)
        with table.batch_writer() as batch:
            for name in self._NAMES:  # with enough beside the name that DynamoDB gives a third of them at once
                batch.put_item(
                    Item={"id_concat": f"{tenant}^user1", "key_name": f"{tenant}/user1/{name}", "padding": "x" * 1200}
                )

        assert api.names(api.token(tenant, "user1"), "db_nosql") == self._NAMES


@pytest.mark.parametrize("partition", ["prefix", "db_nosql"])
def test_concurrent_puts_leave_one_whole_object(api: StorageApi, operator: Operator, partition: str) -> None:
    tenant = _new("race")
    token = api.token(tenant, "user1")
    values = [f"{number:02}" * 50_000 for number in range(12)]

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda value: api.put(token, partition, "one.txt", value).status, values))

    assert statuses == [201] * 12
    content = result(api.get(token, partition, "one.txt"))
    assert content in values
    assert api.names(token, partition) == ["one.txt"]
    if partition == "db_nosql":
        (row,) = operator.rows(tenant, "user1")
        assert row["etag"]["S"].strip('"') == hashlib.md5(content.encode()).hexdigest()  # noqa: S324 - S3's own choice


class TestBadInput:
    """What is refused is refused with the reason, and nothing of it is written."""

    @pytest.fixture(scope="class")
    @classmethod
    def tenant(cls) -> str:
        return _new("bad")

    @pytest.mark.parametrize("method", ["PUT", "GET"])
    @pytest.mark.parametrize("query", [{}, {"partition": ""}, {"partition": "BUCKET"}, {"partition": "silo"}], ids=str)
    def test_partition(
        self, api: StorageApi, operator: Operator, tenant: str, method: str, query: dict[str, str]
    ) -> None:
        body = json.dumps({"key": "a", "value": "b"}) if method == "PUT" else None
        answer = api.send(method, api.token(tenant, "user1"), body, **query)

        assert (answer.status, answer.json()) == (
            400,
            {"status": "Bad Request", "result": {"invalid": "input for partition approach"}},
        )
        assert operator.written(tenant, "user1") == []

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ('{"value": "b"}', "key: Field required"),
            ('{"key": "", "value": "b"}', "key: must not be empty"),
            ('{"key": "a/../b", "value": "b"}', "key: must not contain '.' or '..' as a whole segment"),
            ('{"key": "/a", "value": "b"}', "key: must not begin with a slash"),
            ('{"key": "a\\u0000b", "value": "b"}', "key: must not contain control"),
            (json.dumps({"key": "k" * 1025, "value": "b"}), "key: must have at most"),
            ('{"key": "a"}', "value: Field required"),
            ('{"key": "a", "value": 1}', "value: Expected `str`, got `int`"),
            ("not json", "JSON"),
            ("[]", "JSON"),
            ("", "JSON"),
        ],
        ids=lambda value: value[:24],
    )
    def test_body(self, api: StorageApi, operator: Operator, tenant: str, body: str, reason: str) -> None:
        answer = api.send("PUT", api.token(tenant, "user1"), body, partition="db_nosql")

        assert (answer.status, answer.json()["status"]) == (400, "Bad Request")
        assert reason in answer.json()["result"]["invalid"]
        assert operator.written(tenant, "user1") == []

    @pytest.mark.parametrize("partition", PARTITIONS)
    def test_key_in_every_partition(self, api: StorageApi, operator: Operator, tenant: str, partition: str) -> None:
        for key in ("..", "k" * 1025):
            assert api.put(api.token(tenant, "user1"), partition, key, "b").status == 400
        assert operator.written(tenant, "user1") == []

    def test_key_of_a_get(self, api: StorageApi, tenant: str) -> None:
        for key in ("", "..", "/a", "k" * 1025):
            assert api.get(api.token(tenant, "user1"), "prefix", key).status == 400


class TestTokens:
    def test_issued_token_has_expiry_and_subject(self, api: StorageApi) -> None:
        claims = jwt.decode(api.token("tenanta", "user1"), options={"verify_signature": False})

        assert claims["exp"] - claims["iat"] == 3600
        assert claims["iss"] == claims["aud"] == _ISSUER

    def test_pool_id_token_is_accepted(self, world: World, api: StorageApi) -> None:
        alice, bob = world.users.alice, world.users.bob
        assert api.put(alice.tokens.id, "prefix", "of-alice.txt", "hello").status == 201

        assert "of-alice.txt" in api.names(alice.tokens.id, "prefix")
        assert "of-alice.txt" not in api.names(bob.tokens.id, "prefix")
        assert "of-alice.txt" in api.names(api.token(alice.tenant, alice.user_id), "prefix")

    def test_access_token_is_refused(self, world: World, api: StorageApi) -> None:
        assert api.send("GET", world.users.alice.tokens.access, partition="prefix").status == 401

    @pytest.mark.parametrize(
        "claims",
        [
            {"tenant_id": "tenanta"},
            {"tenant_id": "tenanta", "user_id": ""},
            {"user_id": "user1"},
            {"tenant_id": "tenant*", "user_id": "user1"},
        ],
        ids=json.dumps,
    )
    @pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
    def test_token_without_user_or_tenant_is_unauthorized(self, api: StorageApi, claims: dict[str, str]) -> None:
        bare = jwt.encode(claims, _PUBLISHED_SECRET, algorithm="HS256")
        now = int(time.time())
        dated = {**claims, "iat": now, "exp": now + 60, "iss": _ISSUER, "aud": _ISSUER}

        for token in (bare, jwt.encode(dated, _PUBLISHED_SECRET, algorithm="HS256")):
            answer = api.send("PUT", token, '{"key": "a", "value": "b"}', partition="prefix")
            assert (answer.status, answer.json()) == (
                401,
                {"status": "Unauthorized", "result": {"invalid": "x-token"}},
            )

    def test_token_request_names_missing_fields(self, world: World, api: StorageApi) -> None:
        answer = world.http.send("GET", f"{api.url}/token", headers={"x-tenant-id": "tenanta"})

        assert (answer.status, answer.json()) == (
            401,
            {"status": "Unauthorized", "result": {"missing_fields": ["x-user-id"]}},
        )

    def test_user_without_a_tenant_is_forbidden(self, world: World, api: StorageApi) -> None:
        token = world.accounts.sign_in(world.accounts.admit("homeless")).id

        for partition in PARTITIONS:
            answer = api.send("GET", token, partition=partition)
            assert (answer.status, answer.json()["status"]) == (403, "Forbidden")


class TestOnboarding:
    """A tenant's own bucket and access point."""

    def _assert_shut(self, operator: Operator, tenant: str) -> None:
        s3, bucket = operator.s3, own_bucket(tenant)
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        public = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(public.values()) == {True}
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        assert [statement["Sid"] for statement in policy["Statement"]] == ["TlsOnly", "ThisTenantOnly", "Sealed"]

    def test_sign_up_creates_the_tenants_bucket(
        self, world: World, deployed: LocalCloud, api: StorageApi, operator: Operator
    ) -> None:
        before = self._dead_letters(world, deployed)
        person = world.accounts.sign_up("founder")

        until(lambda: operator.is_onboarded(person.tenant), "the bucket of the tenant")
        self._assert_shut(operator, person.tenant)
        for partition in ("bucket", "access_point"):
            assert api.put(person.tokens.id, partition, "first.txt", "first").status == 201
        assert self._dead_letters(world, deployed) == before
        operator.empty(own_bucket(person.tenant))

    def test_first_use_creates_a_missing_bucket(self, operator: Operator, api: StorageApi) -> None:
        tenant = _new("first")
        assert not operator.is_onboarded(tenant)
        assert api.names(api.token(tenant, "user1"), "bucket") == []
        assert not operator.is_onboarded(tenant)

        assert api.put(api.token(tenant, "user1"), "access_point", "first.txt", "first").status == 201
        assert operator.is_onboarded(tenant)
        self._assert_shut(operator, tenant)

    def test_concurrent_first_use_creates_one_bucket(self, api: StorageApi) -> None:
        token = api.token(_new("crowd"), "user1")
        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(lambda n: api.put(token, "bucket", f"{n}.txt", "x").status, range(6)))

        assert statuses == [201] * 6
        assert len(api.names(token, "bucket")) == 6

    def test_taken_bucket_name_is_refused_and_not_read(self, operator: Operator, api: StorageApi) -> None:
        tenant = _new("taken")
        owner, other = api.token(tenant, "user1"), api.token(tenant.upper(), "user1")
        for partition in ("bucket", "access_point"):
            assert api.put(owner, partition, "secret.txt", "secret").status == 201

        for partition in ("bucket", "access_point"):
            for refused in (api.put(other, partition, "mine.txt", "x"), api.send("GET", other, partition=partition)):
                assert (refused.status, refused.json()["status"]) == (403, "Forbidden")
            assert api.get(other, partition, "secret.txt").status == 404
            assert api.names(owner, partition) == ["secret.txt"]
        assert operator.is_onboarded(tenant)

    def test_bucket_name_taken_before_onboarding_is_refused(self, operator: Operator, api: StorageApi) -> None:
        tenant = _new("claimed")
        names = operator.resource("storage", "AWS::DynamoDB::Table", "TenantNames")
        operator.database.put_item(TableName=names, Item={"name": {"S": tenant}, "tenantid": {"S": tenant}})

        assert api.put(api.token(tenant.upper(), "user1"), "bucket", "mine.txt", "x").status == 403
        assert not operator.is_onboarded(tenant)

    def test_unfinished_bucket_is_closed_to_other_tenants(self, operator: Operator, api: StorageApi) -> None:
        """As after an onboarding that stopped right behind the bucket's making, when it has no policy yet."""
        tenant = _new("half")
        names = operator.resource("storage", "AWS::DynamoDB::Table", "TenantNames")
        operator.database.put_item(TableName=names, Item={"name": {"S": tenant}, "tenantid": {"S": tenant}})
        operator.s3.create_bucket(Bucket=own_bucket(tenant))
        owner, twin = api.token(tenant, "user1"), api.token(tenant.upper(), "user1")

        assert api.put(twin, "bucket", "secret.txt", "of the twin").status == 403
        assert api.put(owner, "bucket", "secret.txt", "secret").status == 201
        self._assert_shut(operator, tenant)
        assert api.put(twin, "bucket", "secret.txt", "of the twin").status == 403
        assert api.get(twin, "bucket", "secret.txt").status == 404
        assert api.send("GET", twin, partition="bucket").status == 403
        assert api.names(owner, "bucket") == ["secret.txt"]

    def test_tenant_ids_that_differ_in_case_are_separate(self, api: StorageApi) -> None:
        tenant = _new("case")
        for partition in ("prefix", "tag", "db_nosql"):
            for owner in (tenant, tenant.upper()):
                assert api.put(api.token(owner, "user1"), partition, f"{owner}.txt", owner).status == 201
            for owner in (tenant, tenant.upper()):
                assert api.names(api.token(owner, "user1"), partition) == [f"{owner}.txt"]

    def _dead_letters(self, world: World, deployed: LocalCloud) -> str:
        queue = deployed.output("OnboardingDeadLetterQueueUrl")
        attributes = world.target.aws.sqs.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return attributes["Attributes"]["ApproximateNumberOfMessages"]
