"""What the functions that work on webhooks share: settings, inputs, and what is made at their start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import boto3
from msgspec import Meta, field

from park_webhooks.owners import Owners
from park_webhooks.pausing import Pauser
from park_webhooks.publication import Publication
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.events import Publisher
from tenantry.runtime.inputs import Input
from tenantry.runtime.settings import Settings

if TYPE_CHECKING:
    from tenantry.runtime.vending import TokenVendor

ParkId = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,127}\Z")]
ParkStatus = Literal["park-closed", "park-opened", "natural-disaster"]


class TenantInput(Input, frozen=True):
    """What API Gateway's template hands on: who has asked for something, from the authorizer, and what it was.

    Attributes
    ----------
    tenant, user
        The caller when the request came in.
    status
        What parks become.
    """

    tenant: str = field(name="tenantId")
    user: str = field(name="userId")
    status: ParkStatus

    @property
    def caller(self) -> TenantCaller:
        """The user who requested it, in the tenant that was active then.

        Raises
        ------
        InvalidIdentifierError
            It does not come from the template: an id is none.
        """
        return TenantCaller(tenant_id=tenant_id(self.tenant), user_id=user_id(self.user))


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
    bus = boto3.client("events")
    publisher = Publisher(bus=bus, bus_name=settings.event_bus_name, application=settings.application)
    return Pauser(boto3.client("sns"), publisher)


class Publications:
    """Makes the publication of a tenant.

    Parameters
    ----------
    settings
        The function's settings.
    """

    def __init__(self, settings: PublicationSettings) -> None:
        self._new = partial(
            Publication,
            owners=make_owners(settings),
            pauser=make_pauser(settings),
            table=settings.parks_table,
            topics=settings.topics,
        )

    def of(self, caller: TenantCaller, vendor: TokenVendor) -> Publication:
        """Return the publication of a caller's tenant, with credentials vended for it."""
        return self._new(vendor.session(caller, "webhooks"), caller.tenant_id)
