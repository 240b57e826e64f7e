"""Probes of `s3.lifecycle`."""

from typing import Any

from botocore.exceptions import ClientError

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe

_TO_INFREQUENT: dict[str, Any] = {"StorageClass": "STANDARD_IA", "TransitionInDays": 30}


_TO_GLACIER: dict[str, Any] = {"StorageClass": "GLACIER", "TransitionInDays": 60}


_SENSIBLE: list[list[dict[str, Any]]] = [
    [{"Transitions": [_TO_INFREQUENT, _TO_GLACIER], "ExpirationInDays": 61}],
    [{"Id": "a", "ExpirationInDays": 1}, {"Id": "b", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}],
    [{"NoncurrentVersionTransitions": [_TO_INFREQUENT], "NoncurrentVersionExpiration": {"NoncurrentDays": 31}}],
]


_SENSELESS: list[list[dict[str, Any]]] = [
    [{"Transitions": [_TO_INFREQUENT], "ExpirationInDays": 30}],  # what is moved is gone
    [{"Transitions": [{**_TO_INFREQUENT, "TransitionInDays": 29}]}],
    [{"Transitions": [_TO_INFREQUENT, {**_TO_GLACIER, "TransitionInDays": 59}]}],
    [{"Transitions": [{**_TO_INFREQUENT, "TransitionInDays": 90}, _TO_GLACIER]}],  # back to the warmer class
    [{"Transitions": [_TO_GLACIER, {**_TO_GLACIER, "TransitionInDays": 90}]}],
    [{"Transitions": [_TO_GLACIER], "ExpirationDate": "2030-01-01T00:00:00Z"}],
    [{"Id": "a", "ExpirationInDays": 1}, {"Id": "a", "ExpirationInDays": 2}],
    [{"Id": "a" * 256, "ExpirationInDays": 1}],
    [{"Prefix": "nothing/"}],
    [{"ExpirationInDays": 0}],
    [{"NoncurrentVersionTransitions": [_TO_INFREQUENT], "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}],
    [{"ExpirationInDays": 1, "ExpiredObjectDeleteMarker": True}],
    [
        {
            "TagFilters": [{"Key": "a", "Value": "b"}],
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ],
]


@probe(aws=[[True] * 3, [False] * 13], ministack=[[True] * 3, [True] * 13])
def lifecycle_rules_of_a_template(emulator: Emulator) -> list[list[bool]]:
    def is_made(rules: list[dict[str, Any]]) -> bool:
        configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": configuration}}
        return bool(emulator.stack(Bucket=bucket))

    return [[is_made(rules) for rules in _SENSIBLE], [is_made(rules) for rules in _SENSELESS]]


@probe(aws=30, ministack=None)
def what_a_template_says_of_expiry(emulator: Emulator) -> int | None:
    configuration = {"Rules": [{"Status": "Enabled", "ExpirationInDays": 30}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": configuration}}
    name = emulator.stack(Bucket=bucket)["Bucket"]
    try:
        found = emulator.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError:
        return None
    return int(found[0]["Expiration"]["Days"])


@probe(
    aws=["done", "InvalidArgument", "InvalidArgument", "InvalidRequest", "InvalidRequest", "MalformedXML"],
    ministack=["done"] * 6,
)
def lifecycle_rules_by_the_api(emulator: Emulator) -> list[str]:
    s3, bucket = emulator.client("s3"), emulator.bucket()
    infrequent = {"Days": 30, "StorageClass": "STANDARD_IA"}

    def put(*rules: dict[str, Any]) -> str:
        whole: list[Any] = [{"Status": "Enabled", "Filter": {"Prefix": ""}, **rule} for rule in rules]
        configuration: Any = {"Rules": whole}
        return outcome(
            lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration)
        )

    return [
        put({"Transitions": [infrequent], "Expiration": {"Days": 31}}),
        put({"Transitions": [infrequent], "Expiration": {"Days": 30}}),
        put({"ID": "a", "Expiration": {"Days": 1}}, {"ID": "a", "Expiration": {"Days": 2}}),
        put({"Transitions": [infrequent], "Expiration": {"Date": "2030-01-01T00:00:00Z"}}),
        put({}),
        put(*({"Expiration": {"Days": 1}} for _ in range(1001))),
    ]
