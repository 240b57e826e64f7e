"""What a function makes at its start to work on webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from park_webhooks.owners import Owners
from park_webhooks.pausing import Pauser
from park_webhooks.publication import Publication
from tenantry.runtime.settings import Settings

if TYPE_CHECKING:
    from tenantry.model.caller import TenantCaller
    from tenantry.runtime.vending import TokenVendor


class WebhookSettings(Settings):
    """The settings of a function that works on webhooks."""

    application: str
    event_bus_name: str
    parks_table: str
    tenant_users_table: str
    users_table: str


class PublicationSettings(WebhookSettings):
    """The settings of a function that also tells webhooks of events."""

    topics: str


def make_owners(settings: WebhookSettings) -> Owners:
    """Return what knows who may have webhooks."""
    return Owners(boto3.client("dynamodb"), users=settings.users_table, memberships=settings.tenant_users_table)


def make_pauser(settings: WebhookSettings) -> Pauser:
    """Return what pauses webhooks."""
    return Pauser(
        boto3.client("sns"),
        boto3.client("events"),
        application=settings.application,
        bus_name=settings.event_bus_name,
    )


class Publications:
    """Makes the publication of a tenant.

    Parameters
    ----------
    settings
        The function's settings.
    """

    def __init__(self, settings: PublicationSettings) -> None:
        self._settings = settings
        self._owners = make_owners(settings)
        self._pauser = make_pauser(settings)

    def of(self, caller: TenantCaller, vendor: TokenVendor) -> Publication:
        """Return the publication of a caller's tenant, with credentials vended for it."""
        return Publication(
            vendor.session(caller, "webhooks"),
            caller.tenant_id,
            owners=self._owners,
            pauser=self._pauser,
            table=self._settings.parks_table,
            topics=self._settings.topics,
        )
