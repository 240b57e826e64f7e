"""Invitations into a tenant: each for one mailbox, with an expiry, and used once."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Final, NewType

from tenantry.model.directory_tables import INVITATION_ID, INVITEE_INDEX, TENANT_ID
from tenantry.model.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId, tenant_id
from tenantry.model.roles import Role
from tenantry.runtime.batches import get, query
from tenantry.runtime.mailbox import Mailbox
from tenantry.runtime.membership import Member
from tenantry.runtime.transactions import OvertakenError, operation, retried, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from tenantry.runtime.membership import Memberships

InvitationId = NewType("InvitationId", str)
"""An id that `invitation_id` has checked."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_DAY_SECONDS: Final = 24 * 3600


def invitation_id(value: object) -> InvitationId:
    """Return `value` as the id of an invitation.

    Raises
    ------
    BadRequestError
        It is not 32 hexadecimal digits.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadRequestError("Invalid invitation id")
    return InvitationId(value)


def id_of(invitee: Mailbox) -> InvitationId:
    """Return the id of a mailbox's invitation, the same in each tenant, so that addresses stand in no path."""
    return InvitationId(hashlib.sha256(f"invitation of {invitee}".encode()).hexdigest()[:32])


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An invitation.

    Attributes
    ----------
    tenant_id
        Into which tenant.
    invitee
        For whom: whoever signs in with this address, verified.
    roles
        Which roles they will have.
    invited_by
        The admin whose invitation it is. It counts only while they are one.
    expires
        Until when, in seconds since 1970.
    """

    tenant_id: TenantId
    invitee: Mailbox
    roles: frozenset[Role]
    invited_by: UserId
    expires: int

    @property
    def id(self) -> InvitationId:
        """The id within the tenant."""
        return id_of(self.invitee)

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Invitation:
        """Read an item."""
        return cls(
            tenant_id=tenant_id(item[TENANT_ID]["S"]),
            invitee=Mailbox(item["email"]["S"]),
            roles=frozenset(map(Role, item["roles"]["SS"])),
            invited_by=UserId(item["invitedby"]["S"]),
            expires=int(item["expires"]["N"]),
        )


@dataclass
class Invitations:
    """The table of invitations.

    Isolation: an invitation is found by the tenant and the address that a verified token names, so that nobody can use
    another's; the transaction that makes the membership takes it away, so that nobody can use it twice; and the inviter
    has to be an admin at that moment, so that nobody comes back through invitations that they left behind.

    Attributes
    ----------
    client
        DynamoDB.
    table
        Name of the table; HASH ``tenantid``, RANGE ``invitationid``, index ``invitee-index`` by ``email``.
    memberships
        Where an accepted invitation leads.
    days
        How long an invitation counts.
    clock
        Seconds since 1970; for tests.
    """

    client: DynamoDBClient
    table: str
    memberships: Memberships
    _: KW_ONLY
    days: int
    clock: Callable[[], float] = time.time

    @retried
    def invite(self, tenant: TenantId, invitee: Mailbox, roles: frozenset[Role], *, by: UserId) -> Invitation:
        """Invite somebody, in the place of an earlier invitation into the same tenant.

        Raises
        ------
        ForbiddenError
            `by` is not an admin of the tenant.
        """
        made = Invitation(
            tenant_id=tenant,
            invitee=invitee,
            roles=roles,
            invited_by=by,
            expires=int(self.clock()) + self.days * _DAY_SECONDS,
        )
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.table,
                "Item": {
                    **self._key(tenant, made.id),
                    "email": {"S": invitee},
                    "roles": {"SS": sorted(roles)},
                    "invitedby": {"S": by},
                    "expires": {"N": str(made.expires)},
                },
            }
        }
        self._require_admin(tenant, by)
        write(self.client, [put, self.memberships.tenant_condition(tenant, admin=by)])
        return made

    @retried
    def withdraw(self, tenant: TenantId, invitation: InvitationId, *, by: UserId) -> None:
        """Take an invitation back.

        Raises
        ------
        ForbiddenError
            `by` is not an admin of the tenant.
        NotFoundError
            There is no such invitation.
        """
        self._require_admin(tenant, by)
        if self._get(tenant, invitation) is None:
            raise NotFoundError("Invitation not found, expired or withdrawn")
        asked = self.memberships.tenant_condition(tenant, admin=by)
        write(self.client, [self._deletion(tenant, invitation), asked])

    def decline(self, tenant: TenantId, invitee: Mailbox) -> None:
        """Decline one's own invitation.

        Raises
        ------
        NotFoundError
            There is none.
        """
        try:
            write(self.client, [self._deletion(tenant, id_of(invitee))])
        except OvertakenError:
            raise NotFoundError("Invitation not found, expired or withdrawn") from None

    @retried
    def accept(self, tenant: TenantId, user: UserId, invitee: Mailbox, name: str) -> Member:
        """Make the invitee a member. The tenant becomes the active one of a user who has none.

        Raises
        ------
        NotFoundError
            There is no such invitation, or it does not count any more.
        ConflictError
            They belong to the tenant already.
        """
        found = self._get(tenant, id_of(invitee))
        if found is None or not self._counts(found):
            raise NotFoundError("Invitation not found, expired or withdrawn")
        if self.memberships.belongs(tenant, user):
            raise ConflictError("You are already a member of this tenant")
        member = Member(user_id=user, email=invitee, name=name, roles=frozenset(found.roles))
        gains = user if Role.ADMIN in found.roles else None
        write(
            self.client,
            [
                self._deletion(tenant, found.id, while_it_is=found),
                *self.memberships.additions(tenant, member),
                self.memberships.tenant_condition(tenant, admin=found.invited_by, gains=gains),
            ],
        )
        return member

    def of_tenant(self, tenant: TenantId) -> Sequence[Invitation]:
        """Return the invitations of a tenant that have not expired."""
        found = query(
            self.client,
            TableName=self.table,
            KeyConditionExpression=f"{TENANT_ID} = :tenant",
            ExpressionAttributeValues={":tenant": {"S": tenant}},
            ConsistentRead=True,
        )
        return list(self._fresh(found))

    def of_invitee(self, invitee: Mailbox) -> Sequence[Invitation]:
        """Return the invitations of a mailbox that count."""
        found = invited(self.client, self.table, invitee)
        return [invitation for invitation in self._fresh(found) if self._counts(invitation)]

    def _counts(self, invitation: Invitation) -> bool:
        if invitation.expires <= self.clock():
            return False
        try:
            return invitation.invited_by in self.memberships.admins(invitation.tenant_id)
        except NotFoundError:
            return False

    def _fresh(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Invitation]:
        now = self.clock()  # DynamoDB may take days to remove what has expired
        return (invitation for invitation in map(Invitation.of, items) if invitation.expires > now)

    def _get(self, tenant: TenantId, invitation: InvitationId) -> Invitation | None:
        found = get(self.client, self.table, self._key(tenant, invitation))
        return Invitation.of(found) if found else None

    def _require_admin(self, tenant: TenantId, by: UserId) -> None:
        if by not in self.memberships.admins(tenant):
            raise ForbiddenError("Only an admin of the tenant may manage invitations")

    def _deletion(
        self, tenant: TenantId, invitation: InvitationId, *, while_it_is: Invitation | None = None
    ) -> TransactWriteItemTypeDef:
        key = self._key(tenant, invitation)
        if while_it_is is None:
            return operation("Delete", self.table, key, condition=f"attribute_exists({TENANT_ID})")
        return operation(
            "Delete",
            self.table,
            key,
            condition="expires = :expires AND invitedby = :by AND #roles = :roles",
            names={"#roles": "roles"},
            values={
                ":expires": {"N": str(while_it_is.expires)},
                ":by": {"S": while_it_is.invited_by},
                ":roles": {"SS": sorted(while_it_is.roles)},
            },
        )

    def _key(self, tenant: TenantId, invitation: InvitationId) -> dict[str, Any]:
        return {TENANT_ID: {"S": tenant}, INVITATION_ID: {"S": invitation}}


def invited(client: DynamoDBClient, table: str, email: str, **more: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - as boto3 takes it
    """Return what the index of invitations has of an address; it lags behind the invitations by moments."""
    return query(
        client,
        TableName=table,
        IndexName=INVITEE_INDEX,
        KeyConditionExpression="email = :email",
        ExpressionAttributeValues={":email": {"S": email}},
        **more,
    )
