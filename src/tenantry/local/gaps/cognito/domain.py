"""A user pool without a domain has no sign-in pages.

AWS: managed login and the OAuth 2.0 endpoints are served at the domain of a pool, if it has one.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html

MiniStack: serves them for every pool, so that a client can sign in where it should not.

Here: a client of a pool without a domain is unknown there.
"""

from typing import Any

from ministack.services import cognito

from tenantry.local.patching import Original, wrap


def close() -> None:
    """Close the gap."""
    wrap(cognito, "_find_pool_by_client_id", _with_domain)


def _with_domain(find: Original, client_id: str) -> Any:
    pool_id, pool, client = find(client_id)
    served = pool and (pool.get("Domain") or pool.get("CustomDomain"))
    return (pool_id, pool, client) if served else (None, None, None)
