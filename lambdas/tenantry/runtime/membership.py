"""Memberships and roles, changed in all items that hold them in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    TENANT_ID,
    USER_ID,
    USER_INDEX,
    membership_key,
    roles_attribute,
    tenant_key,
    user_key,
)
from tenantry.model.errors import ConflictError, ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId, user_id
from tenantry.model.roles import Role
from tenantry.runtime.active_membership import MembershipRecords, UserRecord
from tenantry.runtime.batches import read_all
from tenantry.runtime.transactions import OvertakenError, decided, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LIVING: Final = "attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)"
"""What holds of the item of a user who is neither blocked nor deleted."""
_NOT_DELETED: Final = "attribute_not_exists(deletedat)"


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Names of the tables of the directory.

    Attributes
    ----------
    users
        HASH ``userid``.
    tenants
        HASH ``tenantid``.
    memberships
        HASH ``tenantid``, RANGE ``userid``; index ``user-index`` with the two the other way round.
    """

    users: str
    tenants: str
    memberships: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user in a tenant.

    Attributes
    ----------
    user_id, email, name
        Who it is, as they were when they joined.
    roles
        Their roles.
    """

    user_id: UserId
    email: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a change of someone's membership was.

    Attributes
    ----------
    member
        Who belongs to the tenant, or did until now.
    before
        Their roles before it.
    """

    member: Member
    before: frozenset[str]


class Memberships:
    """The directory's memberships.

    Isolation: a change is decided on consistent reads and written in one transaction, on condition that what was read
    still holds: the membership, the user's own item (which authorizers read), and the set of
    admins in the tenant's item. So whoever changes somebody else's membership is an admin of that tenant at that
    moment, a tenant never loses its last living admin by a member's hand, and authorizers never see half a change.
    Nobody who is blocked counts as an admin, and nobody who is deleted becomes a member again.

    Parameters
    ----------
    client
        DynamoDB.
    tables
        The tables.
    """

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._tables = tables
        self._records = MembershipRecords(client, tables.users, tables.memberships)

    def tenants_of(self, user: UserId) -> Mapping[TenantId, frozenset[str]]:
        """Return the roles of a user, by tenant."""
        found = dict(self._records.record(user).roles)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables.memberships,
            IndexName=USER_INDEX,
            KeyConditionExpression=f"{USER_ID} = :user",
            ExpressionAttributeValues={":user": {"S": user}},
            ProjectionExpression=TENANT_ID,
        )
        for tenant in (TenantId(item[TENANT_ID]["S"]) for page in pages for item in page["Items"]):
            # Of before users had their roles, or gone since: an index lags, the membership itself does not.
            if tenant not in found and (roles := self._records.roles(tenant, user)) is not None:
                found[tenant] = roles
        return dict(sorted(found.items()))

    def names(self, tenants: Collection[TenantId]) -> Mapping[TenantId, str]:
        """Return the names of those tenants that have one."""
        keys = [tenant_key(tenant) for tenant in tenants]
        items = read_all(self._client, self._tables.tenants, keys, [TENANT_ID, "name"], consistent=False)
        return {TenantId(item[TENANT_ID]["S"]): item["name"]["S"] for item in items if "name" in item}

    def members(self, tenant: TenantId, *, limit: int, after: UserId | None) -> tuple[Sequence[Member], UserId | None]:
        """Return a page of a tenant's members, and after whom the next one begins; None at the end."""
        start = {"ExclusiveStartKey": membership_key(tenant, after)} if after else {}
        page = self._client.query(
            TableName=self._tables.memberships,
            KeyConditionExpression=f"{TENANT_ID} = :tenant",
            ExpressionAttributeValues={":tenant": {"S": tenant}},
            ConsistentRead=True,
            Limit=limit,
            **start,  # type: ignore[arg-type]
        )
        last = page.get("LastEvaluatedKey")
        return [_member(item) for item in page["Items"]], user_id(last[USER_ID]["S"]) if last else None

    def admins(self, tenant: TenantId) -> frozenset[str]:
        """Return the living admins of a tenant: those who are neither blocked nor deleted.

        A tenant of before tenants had the set gets it here: no role there has changed since, as every change comes this
        way.

        Raises
        ------
        NotFoundError
            There is no such tenant.
        """
        key = tenant_key(tenant)
        found = self._client.get_item(TableName=self._tables.tenants, Key=key, ConsistentRead=True).get("Item")
        if found is None:
            raise NotFoundError("Tenant not found")
        if "admins" in found:
            return frozenset(found["admins"].get("SS", []))
        admins = self._admins_by_membership(tenant)
        if admins:
            update: TransactWriteItemTypeDef = {
                "Update": {
                    "TableName": self._tables.tenants,
                    "Key": key,
                    "UpdateExpression": "SET admins = :admins",
                    "ConditionExpression": f"attribute_exists({TENANT_ID}) AND attribute_not_exists(admins)",
                    "ExpressionAttributeValues": {":admins": {"SS": sorted(admins)}},
                }
            }
            try:
                write(self._client, [update])
            except OvertakenError:
                return self.admins(tenant)
        return admins

    def switch(self, user: UserId, tenant: TenantId) -> TenantId | None:
        """Make a tenant the active one of a user, and return which it was before.

        Raises
        ------
        ForbiddenError
            They do not belong to it, or there is no such tenant: the error is the same.
        """

        def attempt() -> TenantId | None:
            before = self._records.record(user).active
            roles = self._records.roles(tenant, user)
            if roles is None:
                raise ForbiddenError("You are not a member of this tenant")
            check = self._membership_item("ConditionCheck", tenant, user, while_roles_are=roles)
            write(self._client, [check, self._user_update(user, tenant, roles, activate=True, condition=_NOT_DELETED)])
            return before

        return decided(attempt)

    def set_roles(self, tenant: TenantId, member: UserId, roles: frozenset[Role], *, by: UserId) -> Change:
        """Replace a member's roles.

        Raises
        ------
        ForbiddenError
            `by` is not an admin of the tenant.
        NotFoundError
            The tenant has no such member.
        ConflictError
            They are its last living admin, and would no longer be one.
        """

        def attempt() -> Change:
            admins = self._admins_with(tenant, by)
            item = self._membership(tenant, member)
            before = _member(item).roles
            loses = member in admins and Role.ADMIN not in roles
            if loses and admins == {member}:
                raise ConflictError("A tenant needs an admin: make another member an admin first")
            living = self._living(member)
            # A blocked member has the role, and is an admin from the moment when they are unblocked.
            gains = living and Role.ADMIN in roles and member not in admins
            condition = LIVING if living else f"attribute_exists(blockedat) AND {_NOT_DELETED}"
            write(
                self._client,
                [
                    self._membership_item("Update", tenant, member, while_roles_are=before, new=roles),
                    self._user_update(member, tenant, roles, condition=condition),
                    self.tenant_condition(
                        tenant, admin=by, gains=member if gains else None, loses=member if loses else None
                    ),
                ],
            )
            return Change(member=_member({**item, "roles": {"SS": sorted(roles)}}), before=before)

        return decided(attempt)

    def remove(self, tenant: TenantId, member: UserId, *, by: UserId) -> Change:
        """Remove a member, who may be the caller.

        If the tenant is active for them, none is from now on: they have to choose one.

        Raises
        ------
        ForbiddenError
            `by` is neither an admin of the tenant nor the member.
        NotFoundError
            The tenant has no such member.
        ConflictError
            They are its last living admin.
        """

        def attempt() -> Change:
            leaves = member == by
            admins = self.admins(tenant) if leaves else self._admins_with(tenant, by)
            item = self._membership(tenant, member)
            before = _member(item).roles
            loses = member in admins
            if admins == {member}:
                raise ConflictError("The last admin cannot leave: make another member an admin first")
            items = [self._membership_item("Delete", tenant, member, while_roles_are=before)]
            if (record := self._records.record(member)).exists:
                items.append(self._user_leaves(member, tenant, record))
            if loses or not leaves:
                items.append(
                    self.tenant_condition(tenant, admin=None if leaves else by, loses=member if loses else None)
                )
            write(self._client, items)
            return Change(member=_member(item), before=before)

        return decided(attempt)

    def additions(self, tenant: TenantId, member: Member) -> list[TransactWriteItemTypeDef]:
        """Return the writes that add a member, without the condition on the tenant (`tenant_condition`)."""
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self._tables.memberships,
                "Item": {
                    TENANT_ID: {"S": tenant},
                    USER_ID: {"S": member.user_id},
                    "name": {"S": member.name},
                    "email": {"S": member.email},
                    "roles": {"SS": sorted(member.roles)},
                },
                "ConditionExpression": f"attribute_not_exists({TENANT_ID})",
            }
        }
        update: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self._tables.users,
                "Key": user_key(member.user_id),
                "UpdateExpression": "SET #roles = :roles, #active = if_not_exists(#active, :tenant), "
                "#name = if_not_exists(#name, :name), #email = if_not_exists(#email, :email)",
                "ConditionExpression": LIVING,
                "ExpressionAttributeNames": {
                    "#roles": roles_attribute(tenant),
                    "#active": ACTIVE_TENANT_ID,
                    "#name": "name",
                    "#email": "email",
                },
                "ExpressionAttributeValues": {
                    ":roles": {"SS": sorted(member.roles)},
                    ":tenant": {"S": tenant},
                    ":name": {"S": member.name},
                    ":email": {"S": member.email},
                },
            }
        }
        return [put, update]

    def belongs(self, tenant: TenantId, user: UserId) -> bool:
        """Return whether a user belongs to a tenant."""
        return self._records.roles(tenant, user) is not None

    def tenant_condition(
        self, tenant: TenantId, *, admin: UserId | None, gains: UserId | None = None, loses: UserId | None = None
    ) -> TransactWriteItemTypeDef:
        """Return a transaction's condition on a tenant, and its change of the set of admins.

        Parameters
        ----------
        tenant
            The tenant.
        admin
            Who has to be an admin of it; nobody if None.
        gains, loses
            Who becomes an admin of it, or no longer is one. The last never stops being one.
        """
        conditions = [f"attribute_exists({TENANT_ID})"]
        values: dict[str, Any] = {}
        if admin is not None:
            conditions.append("contains(admins, :admin)")
            values[":admin"] = {"S": admin}
        if loses is not None:
            conditions.append("size(admins) > :one")
            values[":one"] = {"N": "1"}
        changed = gains or loses
        if changed:
            values[":changed"] = {"SS": [changed]}
        asked: Any = {
            "TableName": self._tables.tenants,
            "Key": tenant_key(tenant),
            "ConditionExpression": " AND ".join(conditions),
            **({"UpdateExpression": f"{'ADD' if gains else 'DELETE'} admins :changed"} if changed else {}),
            **({"ExpressionAttributeValues": values} if values else {}),
        }
        return _item("Update" if changed else "ConditionCheck", asked)

    def _admins_with(self, tenant: TenantId, by: UserId) -> frozenset[str]:
        admins = self.admins(tenant)
        if by not in admins:
            raise ForbiddenError("Only an admin of the tenant may manage its members")
        return admins

    def _admins_by_membership(self, tenant: TenantId) -> frozenset[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables.memberships,
            KeyConditionExpression=f"{TENANT_ID} = :tenant",
            FilterExpression="contains(#roles, :admin)",
            ExpressionAttributeNames={"#roles": "roles"},
            ExpressionAttributeValues={":tenant": {"S": tenant}, ":admin": {"S": Role.ADMIN}},
            ConsistentRead=True,
        )
        admins = [item[USER_ID]["S"] for page in pages for item in page["Items"]]
        return frozenset(admin for admin in admins if self._living(UserId(admin)))

    def _living(self, user: UserId) -> bool:
        """Return whether an account is neither blocked nor deleted."""
        found = self._client.get_item(
            TableName=self._tables.users,
            Key=user_key(user),
            ProjectionExpression="blockedat, deletedat",
            ConsistentRead=True,
        )
        return not found.get("Item")

    def _membership(self, tenant: TenantId, user: UserId) -> Mapping[str, Any]:
        found = self._client.get_item(
            TableName=self._tables.memberships,
            Key=membership_key(tenant, user),
            ConsistentRead=True,
        )
        if "Item" not in found:
            raise NotFoundError("Member not found in this tenant")
        return found["Item"]

    def _membership_item(
        self,
        kind: Literal["ConditionCheck", "Update", "Delete"],
        tenant: TenantId,
        user: UserId,
        *,
        while_roles_are: frozenset[str],
        new: Collection[str] = (),
    ) -> TransactWriteItemTypeDef:
        """Return what is done with a membership, on condition that it is there and its roles are these."""
        values: dict[str, Any] = {":roles": {"SS": sorted(while_roles_are)}} if while_roles_are else {}
        if new:
            values[":new"] = {"SS": sorted(new)}
        asked: Any = {
            "TableName": self._tables.memberships,
            "Key": membership_key(tenant, user),
            "ConditionExpression": "#roles = :roles"
            if while_roles_are
            else f"attribute_exists({USER_ID}) AND attribute_not_exists(#roles)",
            "ExpressionAttributeNames": {"#roles": "roles"},
            **({"UpdateExpression": "SET #roles = :new"} if new else {}),
            **({"ExpressionAttributeValues": values} if values else {}),
        }
        return _item(kind, asked)

    def _user_update(
        self, user: UserId, tenant: TenantId, roles: Collection[str], *, condition: str, activate: bool = False
    ) -> TransactWriteItemTypeDef:
        names, values, sets = dict[str, str](), dict[str, Any](), []
        if roles:
            names["#roles"], values[":roles"] = roles_attribute(tenant), {"SS": sorted(roles)}
            sets.append("#roles = :roles")
        if activate:
            names["#active"], values[":tenant"] = ACTIVE_TENANT_ID, {"S": tenant}
            sets.append("#active = :tenant")
        return {
            "Update": {
                "TableName": self._tables.users,
                "Key": user_key(user),
                "UpdateExpression": "SET " + ", ".join(sets),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    def _user_leaves(self, user: UserId, tenant: TenantId, record: UserRecord) -> TransactWriteItemTypeDef:
        active = record.active == tenant
        return {
            "Update": {
                "TableName": self._tables.users,
                "Key": user_key(user),
                "UpdateExpression": "REMOVE #roles, #active" if active else "REMOVE #roles",
                "ConditionExpression": "#active = :tenant"
                if active
                else f"attribute_exists({USER_ID}) AND (attribute_not_exists(#active) OR #active <> :tenant)",
                "ExpressionAttributeNames": {"#roles": roles_attribute(tenant), "#active": ACTIVE_TENANT_ID},
                "ExpressionAttributeValues": {":tenant": {"S": tenant}},
            }
        }


def _item(kind: str, asked: Mapping[str, Any]) -> TransactWriteItemTypeDef:
    made: Any = {kind: asked}  # boto3's types know no member that may be left out
    return cast("TransactWriteItemTypeDef", made)


def _member(item: Mapping[str, Any]) -> Member:
    return Member(
        user_id=UserId(item[USER_ID]["S"]),
        email=item.get("email", {}).get("S", ""),
        name=item.get("name", {}).get("S", ""),
        roles=frozenset(item.get("roles", {}).get("SS", [])),
    )
