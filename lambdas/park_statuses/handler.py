"""Consumes the queue of bulk updates of parks, each in the tenant that was captured with it.

It is done only if whoever asked for it may still do so: the directory is asked when the work is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import boto3
from msgspec import Meta, field

from park_webhooks.parts import ParkId, Publications, PublicationSettings, TenantInput
from tenantry.model.roles import Role
from tenantry.model.tenant_tables import PARK, park_key
from tenantry.runtime.authorization_state import AuthorizationStates, SessionEndedError, SignIn
from tenantry.runtime.inputs import read_json
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import logger, observed, tracer
from tenantry.runtime.settings import DirectorySettings
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import TenantId


class _Settings(PublicationSettings, DirectorySettings):
    pass


class Work(TenantInput, kw_only=True, frozen=True):
    """A message of the queue: a change of the status of parks, as API Gateway's template has put it on the queue.

    Attributes
    ----------
    id
        Of the request.
    authenticated_at, session
        Their sign-in. Work from before these were captured has none, and counts as of a sign-in long ago.
    at
        When it came in, in milliseconds since 1970.
    ids
        Which parks.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    authenticated_at: Annotated[str, Meta(pattern=r"\A[0-9]{0,15}\Z")] = field(name="authTime", default="")
    session: Annotated[str, Meta(max_length=256)] = ""
    at: Annotated[str, Meta(pattern=r"\A[0-9]{13,15}\Z")]
    ids: Annotated[list[ParkId], Meta(min_length=1, max_length=100)]

    @property
    def sign_in(self) -> SignIn:
        """The sign-in with which it was requested.

        Raises
        ------
        InvalidIdentifierError
            As for `caller`.
        """
        return SignIn(
            user_id=self.caller.user_id, authenticated_at=int(self.authenticated_at or 0), session=self.session
        )


settings = _Settings.load()
vendor = TokenVendor.from_environment()
states = AuthorizationStates(boto3.client("dynamodb"), settings.tables)
publications = Publications(settings)


def work(record: Mapping[str, Any]) -> bool:
    """Do one message's work, and return whether that went well; the log says why it did not."""
    try:
        _do(read_json(record["body"], Work))
    except Exception:
        logger.exception("failed", message_id=record["messageId"])
        return False
    return True


def _do(asked: Work) -> None:
    """Do the work, or drop it if the user who requested it has lost the required role.

    Isolation: the tenant is the one that the authorizer found when the request came in, whatever is active for the user
    by now; the credentials are vended for it, and deny everything of another's. Account, session, membership and role
    are those of this moment: work of somebody who was removed, or whose session has ended, is dropped.
    """
    caller = asked.caller
    logger.append_keys(tenant=caller.tenant_id, correlation_id=asked.id)
    tracer.put_annotation("tenant", caller.tenant_id)
    if not _may(asked):
        logger.warning("dropped: the user who requested it lost the required role", user=caller.user_id)
        count({"WorkDropped": 1}, tenant=caller.tenant_id)
        return
    publication = publications.of(caller, vendor)
    database = vendor.session(caller, "park-statuses").client("dynamodb")
    done = 0
    for park in dict.fromkeys(asked.ids):
        if _set_status(database, caller.tenant_id, park, asked.status, asked.at):
            publication.publish(park, asked.status, asked.at)
            done += 1
    logger.info("done", asked=len(asked.ids), done=done)
    count({"ParksSet": done}, tenant=caller.tenant_id)


def _set_status(database: DynamoDBClient, tenant: TenantId, park: str, status: str, at: str) -> bool:
    """Set a park's status as of a time; return whether it was done.

    It may be done again. Nothing is done where there is no such park, or where it was set since.
    """
    try:
        database.update_item(
            TableName=settings.parks_table,
            Key=park_key(tenant, PARK, park),
            ConditionExpression="attribute_exists(pk) AND statusat <= :at",
            UpdateExpression="SET #status = :status, statuskey = :statuskey, statusat = :at",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":status": {"S": status},
                ":statuskey": {"S": f"{status}#{park}"},
                ":at": {"N": at},
            },
        )
    except database.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _may(asked: Work) -> bool:
    """Return whether the user who requested it may update parks in that tenant at this moment."""
    try:
        state = states.in_tenant(asked.sign_in, asked.caller.tenant_id)
    except SessionEndedError:
        return False
    return state.tenant_id is not None and Role.ADMIN in state.roles


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Work on a batch, and return the messages that failed, so that only these are retried."""
    failed = [record["messageId"] for record in event["Records"] if not work(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
