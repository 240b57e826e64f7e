"""Probes of `s3.policies`."""

from typing import Any

from tests.local.emulator import Emulator, allow, outcome, policy
from tests.local.probes import probe


@probe(aws=["done"] + ["MalformedPolicy"] * 4, ministack=["done"] * 5)
def invalid_bucket_policies(emulator: Emulator) -> list[str]:
    """Put one of a role, of an unknown role, of another bucket, without a principal, and one too large."""
    s3, bucket = emulator.client("s3"), emulator.bucket()
    own = f"arn:aws:s3:::{bucket}/*"
    role = emulator.role("lambda.amazonaws.com")

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


@probe(aws=["done", "KeyTooLongError", "InvalidTag", "InvalidTag"], ministack=["done"] * 4)
def keys_and_tags_that_are_too_long(emulator: Emulator) -> list[str]:
    s3, bucket = emulator.client("s3"), emulator.bucket()

    def put(key: str, tagging: str = "") -> str:
        return outcome(lambda: s3.put_object(Bucket=bucket, Key=key, Body=b"", Tagging=tagging))

    longest = put("é" * 512, f"{'k' * 128}={'v' * 256}")
    return [longest, put("k" * 1025), put("key", f"{'k' * 129}=v"), put("key", f"k={'v' * 257}")]


@probe(aws=[True, False, False], ministack=[True, True, True])
def bucket_policies_of_a_template(emulator: Emulator) -> list[bool]:
    """Attach one that is of the bucket, one that is of another, and one without a principal."""
    reading = {"Effect": "Deny", "Action": "s3:GetObject", "Principal": "*"}

    def attach(resource: Any, **changes: Any) -> bool:  # noqa: ANN401
        statement = {**reading, "Resource": resource, **changes}
        document = {"Statement": [{name: value for name, value in statement.items() if value}]}
        properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}
        return bool(
            emulator.stack(
                Bucket={"Type": "AWS::S3::Bucket"}, Policy={"Type": "AWS::S3::BucketPolicy", "Properties": properties}
            )
        )

    own = {"Fn::Sub": "${Bucket.Arn}/*"}
    return [attach(own), attach("arn:aws:s3:::another/*"), attach(own, Principal=None)]
