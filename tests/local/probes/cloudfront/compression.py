"""Probes of `cloudfront.compression`."""

from typing import TYPE_CHECKING

from tenantry.local.settings import REGION
from tests.local.emulator import Emulator, policy
from tests.local.probes import probe

if TYPE_CHECKING:
    import requests
from tests.local.probes.cloudfront.api_origin import reply_of


def _file(emulator: Emulator, size: int, kind: str, *, compress: bool = True, accepts: str = "gzip, br") -> str | None:
    bucket, s3 = emulator.bucket(), emulator.client("s3")
    s3.put_object(Bucket=bucket, Key="file", Body=b"a" * size, ContentType=kind)
    control = emulator.client("cloudfront").create_origin_access_control(
        OriginAccessControlConfig={
            "Name": emulator.name("control"),
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]
    origin = {
        "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
        "OriginAccessControlId": control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    made, ask = reply_of(emulator, origin, "/file", compress=compress, **{"Accept-Encoding": accepts})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"AWS:SourceArn": made["ARN"]}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    reply: requests.Response = ask()
    assert (reply.status_code, len(reply.content)) == (200, size)
    return reply.headers.get("Content-Encoding")


@probe(aws=["gzip", None, None, None, None], ministack=[None] * 5)
def files_that_are_compressed_and_others(emulator: Emulator) -> list[str | None]:
    return [
        _file(emulator, 5000, "text/css; charset=utf-8"),
        _file(emulator, 500, "text/css"),
        _file(emulator, 5000, "image/png"),
        _file(emulator, 5000, "text/css", accepts="identity"),
        _file(emulator, 5000, "text/css", compress=False),
    ]
