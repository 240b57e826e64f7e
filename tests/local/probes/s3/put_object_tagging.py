"""Probes of `s3.put_object_tagging`."""

from typing import TYPE_CHECKING

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@probe(aws=["AccessDenied", "done", "AccessDenied"], ministack=["done"] * 3)
def objects_written_with_tags(emulator: Emulator) -> list[str]:
    bucket = emulator.bucket()
    own = {"StringEquals": {"s3:RequestObjectTag/tenant": "a"}}
    writer = emulator.user(allow("s3:PutObject")).client("s3")
    tagger = emulator.user(allow("s3:PutObject"), allow("s3:PutObjectTagging", condition=own)).client("s3")

    def put(client: "S3Client", tenant: str) -> object:
        return client.put_object(Bucket=bucket, Key="x", Body=b"x", Tagging=f"tenant={tenant}")

    return [outcome(lambda: put(writer, "a")), outcome(lambda: put(tagger, "a")), outcome(lambda: put(tagger, "b"))]
