"""Each tenant's key to its own part of the ingest API's rate."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry.model.identifiers import TenantId
    from tenantry.operate.environment import Environment

_KIND: Final = "API_KEY"


class TenantKeys:
    """The API keys of tenants, which say whose rate a request counts for; they authorize nobody.

    Parameters
    ----------
    environment
        Its ingestion stack names the usage plan.
    """

    def __init__(self, environment: Environment) -> None:
        self._app = environment.app
        self._plan = environment.output("ingestion", "IngestUsagePlanId")
        self._gateway = environment.aws.apigateway

    def of(self, tenant: TenantId) -> str:
        """Return a tenant's key, which is made at the first call: all of its servers share one rate."""
        key, value = self._known(tenant) or self._made(tenant)
        # Also for one that is known: whoever made it may not have got this far.
        with contextlib.suppress(self._gateway.exceptions.ConflictException):
            self._gateway.create_usage_plan_key(usagePlanId=self._plan, keyId=key, keyType=_KIND)
        return value

    def _known(self, tenant: TenantId) -> tuple[str, str] | None:
        listing = self._gateway.get_paginator("get_api_keys")
        for page in listing.paginate(nameQuery=self._name(tenant), includeValues=True):
            for key in page["items"]:
                if key["name"] == self._name(tenant):  # the query finds longer names as well
                    return key["id"], key["value"]
        return None

    def _made(self, tenant: TenantId) -> tuple[str, str]:
        about = f"The rate of {tenant} at the ingest API"
        # The tag says whose it is where one application's name begins with another's, as `shop` and `shop-two`.
        made = self._gateway.create_api_key(
            name=self._name(tenant), description=about, enabled=True, tags={"application": self._app}
        )
        return made["id"], made["value"]

    def _name(self, tenant: TenantId) -> str:
        return f"{self._app}-{tenant}"
