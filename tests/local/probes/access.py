"""Who may do what."""

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow, outcome, policy
from tests.local.probes import probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def _identity(ground: Ground, key: str, secret: str, token: str | None = None) -> str:
    credentials = {"AccessKeyId": key, "SecretAccessKey": secret, **({"SessionToken": token} if token else {})}
    client = ground.cloud.session(credentials).client("sts")
    return outcome(client.get_caller_identity)


@probe("root_key", aws="InvalidClientTokenId", ministack="done")
def a_well_known_key(ground: Ground) -> str:
    return _identity(ground, "test", "test")


@probe("root_key", aws="InvalidClientTokenId", ministack="done")
def an_account_id_as_key(ground: Ground) -> str:
    return _identity(ground, ACCOUNT, "test")


@probe("root_key", aws="SignatureDoesNotMatch", ministack="done")
def the_root_key_with_another_secret(ground: Ground) -> str:
    return _identity(ground, ground.cloud.folder.root_key().access_key_id, "another")


@probe("root_key", aws="AccessDenied", ministack="done")
def buckets_without_a_key(ground: Ground) -> str:
    client = ground.cloud.session().client("s3", config=Config(signature_version=UNSIGNED))
    return outcome(client.list_buckets)


@probe("admin_endpoints", aws=403, ministack=200)
def administration_without_a_key(ground: Ground) -> int:
    url = f"{ground.cloud.endpoint}/_ministack/config"
    return requests.post(url, json={}, verify=str(ground.cloud.ca_bundle), timeout=10).status_code


@probe("lambda_role_credentials", aws="InvalidClientTokenId", ministack="done")
def credentials_computed_from_names(ground: Ground) -> str:
    function = ground.function("def handler(event, context): pass")
    ground.invoke(function)
    role = ground.client("lambda").get_function(FunctionName=function)["Configuration"]["Role"]
    digest = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    return _identity(ground, f"ASIA{digest[:16].upper()}", secret, token)


def _object_of(ground: Ground, tags: dict[str, str], key: str) -> str:
    bucket = ground.bucket()
    ground.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    user = ground.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"), tags=tags)
    return outcome(lambda: user.client("s3").get_object(Bucket=bucket, Key=key))


@probe("iam_policy_variables", aws="done", ministack="AccessDenied")
def an_object_of_the_callers_own_team(ground: Ground) -> str:
    return _object_of(ground, {"team": "red"}, "red/x")


@probe("iam_policy_variables", aws=["AccessDenied"] * 3 + ["done"], ministack=["AccessDenied"] * 4)
def wildcards_and_nothing_in_a_variable(ground: Ground) -> list[str]:
    own = [({"team": "*"}, "red/x"), ({"team": "r?d"}, "red/x"), ({}, "red/x"), ({"team": "r?d"}, "r?d/x")]
    return [_object_of(ground, tags, key) for tags, key in own]


@probe("iam_policy_variables", aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def a_variable_in_a_condition(ground: Ground) -> list[str]:
    table = ground.table()
    condition = {"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/again}"}}
    users = [
        ground.user(allow("dynamodb:GetItem", condition=condition), tags={"team": "red", "again": again})
        for again in ("red", "blue")
    ]
    return [outcome(lambda user=user: _get(user, table, "a")) for user in users]  # type: ignore[misc]


def _get(session: Any, table: str, key: str) -> object:  # noqa: ANN401
    return session.client("dynamodb").get_item(TableName=table, Key={"id": {"S": key}})


@probe("dynamodb_leading_keys", aws=["done", "AccessDeniedException"], ministack=["done", "done"])
def rows_of_one_partition_key(ground: Ground) -> list[str]:
    table = ground.table()
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
    user = ground.user(allow("dynamodb:GetItem", condition=condition))
    return [outcome(lambda key=key: _get(user, table, key)) for key in ("a", "b")]  # type: ignore[misc]


@probe("dynamodb_leading_keys", aws=["AccessDeniedException"] * 3, ministack=["done"] * 3)
def rows_of_another_by_batch_query_and_transaction(ground: Ground) -> list[str]:
    table = ground.table()
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
    client = ground.user(allow("dynamodb:*", condition=condition)).client("dynamodb")
    keys = [{"id": {"S": "a"}}, {"id": {"S": "b"}}]
    calls = [
        lambda: client.batch_get_item(RequestItems={table: {"Keys": keys}}),
        lambda: client.query(
            TableName=table, KeyConditionExpression="id = :b", ExpressionAttributeValues={":b": {"S": "b"}}
        ),
        lambda: client.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key}} for key in keys]),
    ]
    return [outcome(call) for call in calls]


def _writes(*attributes: str, **conditions: object) -> dict[str, object]:
    """Return the condition that a request names these attributes, and some."""
    bound = {"ForAllValues:StringLike": {"dynamodb:Attributes": list(attributes)}, **conditions}
    return {"Null": {"dynamodb:Attributes": "false"}, **bound}


def _update(table: str, expression: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"TableName": table, "Key": {"id": {"S": "a"}}, "UpdateExpression": expression, **more}


@probe(
    "dynamodb_attributes",
    aws=["done"] * 6 + ["AccessDeniedException"] * 5,
    ministack=["AccessDeniedException"] * 11,
)
def writes_of_some_attributes(ground: Ground) -> list[str]:
    table = ground.table()
    client = ground.user(allow("dynamodb:*", condition=_writes("id", "color", "roles:*"))).client("dynamodb")
    one = {":one": {"S": "1"}}
    color, size = {"#name": "color"}, {"#name": "size"}
    calls = [
        lambda: client.update_item(**_update(table, "SET color = :one", ExpressionAttributeValues=one)),
        lambda: client.update_item(
            **_update(table, "SET #name = :one", ExpressionAttributeNames=color, ExpressionAttributeValues=one)
        ),
        lambda: client.update_item(
            **_update(
                table,
                "SET #r = if_not_exists(#r, :one)",
                ExpressionAttributeNames={"#r": "roles:t1"},
                ExpressionAttributeValues=one,
            )
        ),
        lambda: client.put_item(TableName=table, Item={"id": {"S": "a"}, "color": {"S": "1"}}),
        lambda: client.update_item(TableName=table, Key={"id": {"S": "a"}}),
        lambda: client.delete_item(TableName=table, Key={"id": {"S": "a"}}),
        # Not these: by a placeholder, in a condition, in a path of several steps, in an item, in the old form.
        lambda: client.update_item(
            **_update(table, "SET #name = :one", ExpressionAttributeNames=size, ExpressionAttributeValues=one)
        ),
        lambda: client.delete_item(
            TableName=table,
            Key={"id": {"S": "a"}},
            ConditionExpression="attribute_not_exists(weight)",
        ),
        lambda: client.update_item(**_update(table, "SET weight.color = :one", ExpressionAttributeValues=one)),
        lambda: client.put_item(TableName=table, Item={"id": {"S": "a"}, "weight": {"S": "1"}}),
        lambda: client.update_item(
            TableName=table, Key={"id": {"S": "a"}}, AttributeUpdates={"weight": {"Value": {"S": "1"}}}
        ),
    ]
    return [outcome(call) for call in calls]


@probe(
    "dynamodb_attributes",
    aws=["done", "AccessDeniedException", "AccessDeniedException"],
    ministack=["AccessDeniedException"] * 3,
)
def each_part_of_a_transaction_by_itself(ground: Ground) -> list[str]:
    colors, sizes = ground.table(), ground.table()
    inside = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}

    def own(table: str, attribute: str) -> dict[str, object]:
        statement = allow("dynamodb:UpdateItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
        return {**statement, "Condition": _writes("id", attribute, **inside)}

    client = ground.user(own(colors, "color"), own(sizes, "size")).client("dynamodb")

    def transaction(*parts: tuple[str, str]) -> object:
        return client.transact_write_items(
            TransactItems=[
                {
                    "Update": _update(
                        table,
                        "SET #name = :one",
                        ExpressionAttributeNames={"#name": attribute},
                        ExpressionAttributeValues={":one": {"S": "1"}},
                    )
                }
                for table, attribute in parts
            ]
        )

    return [
        outcome(lambda: transaction((colors, "color"), (sizes, "size"))),
        outcome(lambda: transaction((colors, "color"), (sizes, "color"))),
        outcome(lambda: client.update_item(**_update(colors, "REMOVE color"))),
    ]


@probe("dynamodb_attributes", aws=["done", "done"] + ["AccessDeniedException"] * 3, ministack=["done"] * 5)
def what_a_write_returns(ground: Ground) -> list[str]:
    table = ground.table()
    ground.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}, "color": {"S": "red"}})
    silent = {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE"]}}
    client = ground.user(allow("dynamodb:*", condition=silent)).client("dynamodb")
    check = {"TableName": table, "Key": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}
    calls = [
        lambda: client.update_item(**_update(table, "REMOVE size")),
        lambda: client.update_item(**_update(table, "REMOVE size", ReturnValues="NONE")),
        lambda: client.update_item(**_update(table, "REMOVE size", ReturnValues="ALL_NEW")),
        lambda: client.transact_write_items(
            TransactItems=[{"ConditionCheck": {**check, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]
        ),
        lambda: client.delete_item(TableName=table, Key={"id": {"S": "a"}}, ReturnValues="ALL_OLD"),
    ]
    return [outcome(call) for call in calls]


@probe(
    "dynamodb_attributes",
    aws=["done", "done", "AccessDeniedException", "AccessDeniedException"],
    ministack=["AccessDeniedException", "done", "AccessDeniedException", "AccessDeniedException"],
)
def what_a_read_selects(ground: Ground) -> list[str]:
    table = ground.table()
    # As in AWS's own example, which is about reads and writes: a write selects nothing.
    bound = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "color"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    client = ground.user(allow("dynamodb:*", condition=bound)).client("dynamodb")
    key = {"id": {"S": "a"}}
    calls = [
        lambda: client.put_item(TableName=table, Item={**key, "color": {"S": "red"}}),
        lambda: client.get_item(TableName=table, Key=key, ProjectionExpression="color"),
        lambda: client.get_item(TableName=table, Key=key, ProjectionExpression="size"),
        lambda: client.get_item(TableName=table, Key=key),
    ]
    return [outcome(call) for call in calls]


@probe("s3_object_tag_keys", aws=["done", "AccessDenied"], ministack=["AccessDenied"] * 2)
def tags_that_a_caller_may_set(ground: Ground) -> list[str]:
    bucket = ground.bucket()
    ground.client("s3").put_object(Bucket=bucket, Key="x", Body=b"x")
    user = ground.user(
        allow("s3:PutObjectTagging", condition={"StringEquals": {"s3:RequestObjectTag/tenant": "a"}}),
    )

    def tag(value: str) -> object:
        tags = {"TagSet": [{"Key": "tenant", "Value": value}]}
        return user.client("s3").put_object_tagging(Bucket=bucket, Key="x", Tagging=tags)

    return [outcome(lambda: tag("a")), outcome(lambda: tag("b"))]


@probe("s3_put_object_tagging", aws=["AccessDenied", "done", "AccessDenied"], ministack=["done"] * 3)
def objects_written_with_tags(ground: Ground) -> list[str]:
    bucket = ground.bucket()
    own = {"StringEquals": {"s3:RequestObjectTag/tenant": "a"}}
    writer = ground.user(allow("s3:PutObject")).client("s3")
    tagger = ground.user(allow("s3:PutObject"), allow("s3:PutObjectTagging", condition=own)).client("s3")

    def put(client: "S3Client", tenant: str) -> object:
        return client.put_object(Bucket=bucket, Key="x", Body=b"x", Tagging=f"tenant={tenant}")

    return [outcome(lambda: put(writer, "a")), outcome(lambda: put(tagger, "a")), outcome(lambda: put(tagger, "b"))]


@probe(
    "events_condition_keys",
    aws=["done", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"],
    ministack=["done"] * 4,
)
def events_of_another_source(ground: Ground) -> list[str]:
    client = ground.user(
        allow("events:PutEvents", condition={"ForAllValues:StringEquals": {"events:source": "own"}})
    ).client("events")
    second = ground.name("bus")
    ground.client("events").create_event_bus(Name=second)

    def put(*entries: tuple[str, str]) -> object:
        return client.put_events(
            Entries=[
                {"Source": source, "DetailType": "x", "Detail": "{}", "EventBusName": bus} for source, bus in entries
            ]
        )

    return [
        outcome(lambda: put(("own", "default"))),
        outcome(lambda: put(("other", "default"))),
        outcome(lambda: put(("own", "default"), ("other", "default"))),
        outcome(lambda: put(("own", "default"), ("other", second))),
    ]


@probe("events_condition_keys", aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def events_of_a_kind_that_a_condition_wants_named(ground: Ground) -> list[str]:
    condition = {
        "ForAllValues:StringEquals": {"events:detail-type": "created"},
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    client = ground.user(allow("events:PutEvents", condition=condition)).client("events")

    def put(*kinds: str) -> object:
        return client.put_events(Entries=[{"Source": "own", "DetailType": kind, "Detail": "{}"} for kind in kinds])

    return [outcome(lambda: put("created", "created")), outcome(lambda: put("created", "removed"))]


@probe(
    "sns_condition_keys",
    aws=["done", "AuthorizationError", "AuthorizationError"],
    ministack=["AuthorizationError"] * 3,
)
def subscriptions_of_another_protocol(ground: Ground) -> list[str]:
    topic = ground.client("sns").create_topic(Name=ground.name("topic"))["TopicArn"]
    condition = {"StringEquals": {"sns:Protocol": "https"}, "StringLike": {"sns:Endpoint": "https://*"}}
    client = ground.user(allow("sns:Subscribe", condition=condition)).client("sns")

    def subscribe(protocol: str, endpoint: str) -> str:
        return outcome(lambda: client.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint))

    endpoint = "://8-8-8-8.sslip.io:9/"
    return [
        subscribe("https", f"https{endpoint}"),
        subscribe("http", f"http{endpoint}"),
        subscribe("email", "someone@example.com"),
    ]


@probe("s3_bucket_owner", aws=["done", *["AccessDenied"] * 5, "done"], ministack=["done", *["done"] * 5, "done"])
def a_bucket_of_an_expected_owner(ground: Ground) -> list[str]:
    s3, bucket, stranger = ground.client("s3"), ground.bucket(), "999999999999"
    s3.put_object(Bucket=bucket, Key="x", Body=b"x")
    source = {"Bucket": bucket, "Key": "x"}
    calls = [
        partial(s3.get_object, Bucket=bucket, Key="x", ExpectedBucketOwner=ACCOUNT),
        partial(s3.get_object, Bucket=bucket, Key="x", ExpectedBucketOwner=stranger),
        partial(s3.put_object, Bucket=bucket, Key="x", Body=b"y", ExpectedBucketOwner=stranger),
        partial(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner=stranger),
        partial(s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner=stranger),
        partial(s3.copy_object, Bucket=bucket, Key="y", CopySource=source, ExpectedSourceBucketOwner=stranger),
        partial(s3.copy_object, Bucket=bucket, Key="y", CopySource=source, ExpectedSourceBucketOwner=ACCOUNT),
    ]
    return [outcome(call) for call in calls]


@probe("s3_access_point_host", aws=["its own", "NoSuchAccessPoint"], ministack=["the access point's", "NoSuchBucket"])
def a_bucket_named_as_an_access_point_with_its_account(ground: Ground) -> list[str]:
    s3, shared, name = ground.client("s3"), ground.bucket(), ground.name("ap")
    own = f"{name}-{ACCOUNT}"
    s3.create_bucket(Bucket=own)
    ground.stack(Point={"Type": "AWS::S3::AccessPoint", "Properties": {"Name": name, "Bucket": shared}})

    _at_host(ground, "PUT", f"{own}.s3.{REGION}.amazonaws.com", "/k")
    missing = _at_host(ground, "GET", f"{name}-missing-{ACCOUNT}.s3-accesspoint.{REGION}.amazonaws.com", "/k")

    written = "its own" if s3.list_objects_v2(Bucket=own)["KeyCount"] else "the access point's"
    code = re.search("<Code>(.*)</Code>", missing)
    return [written, code[1] if code else missing]


def _at_host(ground: Ground, method: str, host: str, path: str) -> str:
    """Send root's request as one sends it to a host of AWS, and return the answer."""
    request = AWSRequest(method, f"https://{host}{path}", data=b"x" if method == "PUT" else b"")
    credentials = ground.cloud.session().get_credentials()
    assert credentials
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    answer = requests.request(
        method,
        f"{ground.cloud.endpoint}{path}",
        headers={**dict(request.headers), "Host": host},
        data=request.data,
        verify=str(ground.cloud.ca_bundle),
        timeout=10,
    )
    return answer.text


@probe("kinesis_get_records", aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def reading_two_streams_with_a_grant_on_one(ground: Ground) -> list[str]:
    root, streams = ground.client("kinesis"), [ground.name("stream"), ground.name("stream")]
    for stream in streams:
        root.create_stream(StreamName=stream, ShardCount=1)
        root.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{streams[0]}"
    reader = ground.user(allow("kinesis:GetRecords", arn)).client("kinesis")
    iterators = [
        root.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        for stream in streams
    ]
    return [outcome(partial(reader.get_records, ShardIterator=iterator)) for iterator in iterators]


@probe("s3_policies", aws=["done"] + ["MalformedPolicy"] * 4, ministack=["done"] * 5)
def bucket_policies_that_make_no_sense(ground: Ground) -> list[str]:
    """Put one of a role, of a role that there is not, of another bucket, without a principal, and one too large."""
    s3, bucket = ground.client("s3"), ground.bucket()
    own = f"arn:aws:s3:::{bucket}/*"
    role = ground.role("lambda.amazonaws.com")

    def put(*statements: dict[str, Any]) -> str:
        return outcome(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy(*statements)))

    def of(principal: str, resource: str = own) -> dict[str, Any]:
        return {**allow("s3:GetObject", resource), "Principal": {"AWS": principal}}

    large = [{**of(role), "Sid": f"{'s' * 200}{number}"} for number in range(80)]
    return [
        put(of(role)),
        put(of(f"{role}x")),
        put(of(role, "arn:aws:s3:::another/*")),
        put(allow("s3:*", own)),
        put(*large),
    ]


@probe("s3_policies", aws=["done", "KeyTooLongError", "InvalidTag", "InvalidTag"], ministack=["done"] * 4)
def keys_and_tags_that_are_too_long(ground: Ground) -> list[str]:
    s3, bucket = ground.client("s3"), ground.bucket()

    def put(key: str, tagging: str = "") -> str:
        return outcome(lambda: s3.put_object(Bucket=bucket, Key=key, Body=b"", Tagging=tagging))

    longest = put("é" * 512, f"{'k' * 128}={'v' * 256}")
    return [longest, put("k" * 1025), put("key", f"{'k' * 129}=v"), put("key", f"k={'v' * 257}")]
