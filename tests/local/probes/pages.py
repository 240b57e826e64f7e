"""CloudFront."""

from typing import TYPE_CHECKING, Any

from tenantry.local.settings import REGION
from tests.local.ground import Ground, policy
from tests.local.probes import probe

if TYPE_CHECKING:
    import requests

_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def _ask(ground: Ground, origin: dict[str, Any], path: str, *, compress: bool = False, **headers: str) -> Any:  # noqa: ANN401
    """Return the reply of a new distribution with one origin; what `requests` makes of it is not undone."""
    made = ground.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": ground.name("distribution"),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "origin", **origin}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "origin",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": _CACHING_DISABLED,
                "Compress": compress,
            },
        }
    )["Distribution"]
    return made, lambda: ground.get(f"{ground.cloud.endpoint}{path}", Host=made["DomainName"], **headers)


@probe("cloudfront_api_origin", aws=200, ministack=502)
def an_api_behind_a_distribution(ground: Ground) -> int:
    url = ground.api({"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}})
    api, _, path = url.partition("/_aws/execute-api/")[2].partition("/")
    origin = {
        "DomainName": f"{api}.execute-api.{REGION}.amazonaws.com",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
            "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
        },
    }
    _, ask = _ask(ground, origin, f"/{path}")
    reply: requests.Response = ask()
    return reply.status_code


def _file(ground: Ground, size: int, kind: str, *, compress: bool = True, accepts: str = "gzip, br") -> str | None:
    bucket, s3 = ground.bucket(), ground.client("s3")
    s3.put_object(Bucket=bucket, Key="file", Body=b"a" * size, ContentType=kind)
    control = ground.client("cloudfront").create_origin_access_control(
        OriginAccessControlConfig={
            "Name": ground.name("control"),
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
    made, ask = _ask(ground, origin, "/file", compress=compress, **{"Accept-Encoding": accepts})
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


@probe("cloudfront_compression", aws=["gzip", None, None, None, None], ministack=[None] * 5)
def files_that_are_worth_compressing_and_others(ground: Ground) -> list[str | None]:
    return [
        _file(ground, 5000, "text/css; charset=utf-8"),
        _file(ground, 500, "text/css"),
        _file(ground, 5000, "image/png"),
        _file(ground, 5000, "text/css", accepts="identity"),
        _file(ground, 5000, "text/css", compress=False),
    ]
