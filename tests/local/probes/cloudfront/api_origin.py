"""Probes of `cloudfront.api_origin`."""

from typing import TYPE_CHECKING, Any

from tenantry.local.settings import REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe

if TYPE_CHECKING:
    import requests


CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def reply_of(emulator: Emulator, origin: dict[str, Any], path: str, *, compress: bool = False, **headers: str) -> Any:  # noqa: ANN401
    """Return the reply of a new distribution with one origin; what `requests` makes of it is not undone."""
    made = emulator.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": emulator.name("distribution"),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "origin", **origin}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "origin",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": CACHING_DISABLED,
                "Compress": compress,
            },
        }
    )["Distribution"]
    return made, lambda: emulator.get(f"{emulator.cloud.endpoint}{path}", Host=made["DomainName"], **headers)


@probe(aws=200, ministack=502)
def an_api_behind_a_distribution(emulator: Emulator) -> int:
    url = emulator.api({"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}})
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
    _, ask = reply_of(emulator, origin, f"/{path}")
    reply: requests.Response = ask()
    return reply.status_code
