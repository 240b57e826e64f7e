"""API Gateway fetches a user pool's keys over TLS.

AWS: an authorizer of type `JWT` or `COGNITO_USER_POOLS` gets the keys from the issuer's https URL.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html

MiniStack: asks itself over plain http, which has no answer when it serves TLS.

Here: over https.
"""

from typing import Any

from ministack.services import apigateway, apigateway_v1

from tenantry.local.patching import Original, wrap


def close() -> None:
    """Close the gap."""
    wrap(apigateway, "_resolve_jwks_url", _over_tls)
    wrap(apigateway_v1, "_resolve_jwks_url", _over_tls)


async def _over_tls(resolve: Original, authorizer: Any) -> Any:
    url = await resolve(authorizer)
    return url.replace("http://", "https://", 1) if url else url
