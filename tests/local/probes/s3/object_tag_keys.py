"""Probes of `s3.object_tag_keys`."""

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(aws=["done", "AccessDenied"], ministack=["AccessDenied"] * 2)
def tags_that_a_caller_may_set(emulator: Emulator) -> list[str]:
    bucket = emulator.bucket()
    emulator.client("s3").put_object(Bucket=bucket, Key="x", Body=b"x")
    user = emulator.user(
        allow("s3:PutObjectTagging", condition={"StringEquals": {"s3:RequestObjectTag/tenant": "a"}}),
    )

    def tag(value: str) -> object:
        tags = {"TagSet": [{"Key": "tenant", "Value": value}]}
        return user.client("s3").put_object_tagging(Bucket=bucket, Key="x", Tagging=tags)

    return [outcome(lambda: tag("a")), outcome(lambda: tag("b"))]
