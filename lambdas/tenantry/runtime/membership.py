"""Memberships and roles, changed in all items that hold them in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    TENANT_ID,
    USER_ID,
    active_tenant,
    membership_key,
    roles_attribute,
    roles_by_tenant,
    tenant_key,
    user_key,
)
from tenantry.model.errors import ConflictError, ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId, user_id
from tenantry.model.roles import Role
from tenantry.runtime.batches import get, query, read_all
from tenantry.runtime.directory import memberships_of
from tenantry.runtime.transactions import OvertakenError, operation, retried, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from tenantry.model.directory_tables import Tables

LIVING: Final = "attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)"
"""What holds of the item of a user who is neither blocked nor deleted."""
_NOT_DELETED: Final = "attribute_not_exists(deletedat)"


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


@dataclass
class Memberships:
    """The directory's memberships.

    Isolation: a change is decided on consistent reads and written in one transaction, on condition that what was read
    still holds: the membership, the user's own item (which authorizers read), and the set of
    admins in the tenant's item. So whoever changes somebody else's membership is an admin of that tenant at that
    moment, a tenant never loses its last living admin by a member's hand, and authorizers never see half a change.
    Nobody who is blocked counts as an admin, and nobody who is deleted becomes a member again.

    Attributes
    ----------
    client
        DynamoDB.
    tables
        The tables.
    """

    client: DynamoDBClient
    tables: Tables

    def tenants_of(self, user: UserId) -> Mapping[TenantId, frozenset[str]]:
        """Return the roles of a user, by tenant."""
        found = dict(roles_by_tenant(self._user(user) or {}))
        indexed = memberships_of(self.client, self.tables.memberships, user, ProjectionExpression=TENANT_ID)
        for tenant in (TenantId(item[TENANT_ID]["S"]) for item in indexed):
            # Of before users had their roles, or gone since: an index lags, the membership itself does not.
            if tenant not in found and (item := self._membership(tenant, user)) is not None:
                found[tenant] = _member(item).roles
        return dict(sorted(found.items()))

    def names(self, tenants: Collection[TenantId]) -> Mapping[TenantId, str]:
        """Return the names of those tenants that have one."""
        keys = [tenant_key(tenant) for tenant in tenants]
        items = read_all(self.client, self.tables.tenants, keys, [TENANT_ID, "name"], consistent=False)
        return {TenantId(item[TENANT_ID]["S"]): item["name"]["S"] for item in items if "name" in item}

    def members(self, tenant: TenantId, *, limit: int, after: UserId | None) -> tuple[Sequence[Member], UserId | None]:
        """Return a page of a tenant's members, and after whom the next one begins; None at the end."""
        start = {"ExclusiveStartKey": membership_key(tenant, after)} if after else {}
        page = self.client.query(
            TableName=self.tables.memberships,
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
        found = get(self.client, self.tables.tenants, key)
        if found is None:
            raise NotFoundError("Tenant not found")
        if "admins" in found:
            return frozenset(found["admins"].get("SS", []))
        by_role = admin_ids(self.client, self.tables.memberships, tenant)
        admins = frozenset(user for user in by_role if self._living(user))
        if admins:
            condition = f"attribute_exists({TENANT_ID}) AND attribute_not_exists(admins)"
            values = {":admins": {"SS": sorted(admins)}}
            update = "SET admins = :admins"
            asked = operation("Update", self.tables.tenants, key, update=update, condition=condition, values=values)
            try:
                write(self.client, [asked])
            except OvertakenError:
                return self.admins(tenant)
        return admins

    @retried
    def switch(self, user: UserId, tenant: TenantId) -> TenantId | None:
        """Make a tenant the active one of a user, and return which it was before.

        Raises
        ------
        ForbiddenError
            They do not belong to it, or there is no such tenant: the error is the same.
        """
        before, membership = active_tenant(self._user(user)), self._membership(tenant, user)
        if membership is None:
            raise ForbiddenError("You are not a member of this tenant")
        roles = _member(membership).roles
        check = self._membership_item("ConditionCheck", tenant, user, while_roles_are=roles)
        write(self.client, [check, self._user_update(user, tenant, roles, activate=True, condition=_NOT_DELETED)])
        return before

    @retried
    def set_roles(self, tenant: TenantId, member: UserId, roles: frozenset[Role], *, by: UserId) -> frozenset[str]:
        """Replace a member's roles, and return those of before.

        Raises
        ------
        ForbiddenError
            `by` is not an admin of the tenant.
        NotFoundError
            The tenant has no such member.
        ConflictError
            They are its last living admin, and would no longer be one.
        """
        admins = self._admins_with(tenant, by)
        before = self._roles(tenant, member)
        loses = member in admins and Role.ADMIN not in roles
        if loses and admins == {member}:
            raise ConflictError("A tenant needs an admin: make another member an admin first")
        living = self._living(member)
        # A blocked member has the role, and is an admin from the moment when they are unblocked.
        gains = living and Role.ADMIN in roles and member not in admins
        condition = LIVING if living else f"attribute_exists(blockedat) AND {_NOT_DELETED}"
        write(
            self.client,
            [
                self._membership_item("Update", tenant, member, while_roles_are=before, new=roles),
                self._user_update(member, tenant, roles, condition=condition),
                self.tenant_condition(
                    tenant, admin=by, gains=member if gains else None, loses=member if loses else None
                ),
            ],
        )
        return before

    @retried
    def remove(self, tenant: TenantId, member: UserId, *, by: UserId) -> frozenset[str]:
        """Remove a member, who may be the caller, and return the roles that they had.

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
        leaves = member == by
        admins = self.admins(tenant) if leaves else self._admins_with(tenant, by)
        before = self._roles(tenant, member)
        loses = member in admins
        if admins == {member}:
            raise ConflictError("The last admin cannot leave: make another member an admin first")
        items = [self._membership_item("Delete", tenant, member, while_roles_are=before)]
        if (account := self._user(member)) is not None:
            items.append(self._user_leaves(member, tenant, active=active_tenant(account) == tenant))
        if loses or not leaves:
            items.append(self.tenant_condition(tenant, admin=None if leaves else by, loses=member if loses else None))
        write(self.client, items)
        return before

    def additions(self, tenant: TenantId, member: Member) -> list[TransactWriteItemTypeDef]:
        """Return the writes that add a member, without the condition on the tenant (`tenant_condition`)."""
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.tables.memberships,
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
        update = operation(
            "Update",
            self.tables.users,
            user_key(member.user_id),
            update="SET #roles = :roles, #active = if_not_exists(#active, :tenant), "
            "#name = if_not_exists(#name, :name), #email = if_not_exists(#email, :email)",
            condition=LIVING,
            names={
                "#roles": roles_attribute(tenant),
                "#active": ACTIVE_TENANT_ID,
                "#name": "name",
                "#email": "email",
            },
            values={
                ":roles": {"SS": sorted(member.roles)},
                ":tenant": {"S": tenant},
                ":name": {"S": member.name},
                ":email": {"S": member.email},
            },
        )
        return [put, update]

    def belongs(self, tenant: TenantId, user: UserId) -> bool:
        """Return whether a user belongs to a tenant."""
        return self._membership(tenant, user) is not None

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
        return operation(
            "Update" if changed else "ConditionCheck",
            self.tables.tenants,
            tenant_key(tenant),
            update=f"{'ADD' if gains else 'DELETE'} admins :changed" if changed else "",
            condition=" AND ".join(conditions),
            values=values,
        )

    def _admins_with(self, tenant: TenantId, by: UserId) -> frozenset[str]:
        admins = self.admins(tenant)
        if by not in admins:
            raise ForbiddenError("Only an admin of the tenant may manage its members")
        return admins

    def _living(self, user: UserId) -> bool:
        """Return whether an account is neither blocked nor deleted."""
        return not get(self.client, self.tables.users, user_key(user), ["blockedat", "deletedat"])

    def _user(self, user: UserId) -> Mapping[str, Any] | None:
        return get(self.client, self.tables.users, user_key(user))

    def _membership(self, tenant: TenantId, user: UserId) -> Mapping[str, Any] | None:
        return get(self.client, self.tables.memberships, membership_key(tenant, user))

    def _roles(self, tenant: TenantId, user: UserId) -> frozenset[str]:
        item = self._membership(tenant, user)
        if item is None:
            raise NotFoundError("Member not found in this tenant")
        return _member(item).roles

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
        without = f"attribute_exists({USER_ID}) AND attribute_not_exists(#roles)"
        return operation(
            kind,
            self.tables.memberships,
            membership_key(tenant, user),
            update="SET #roles = :new" if new else "",
            condition="#roles = :roles" if while_roles_are else without,
            names={"#roles": "roles"},
            values=values,
        )

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
        key, update = user_key(user), "SET " + ", ".join(sets)
        return operation(
            "Update", self.tables.users, key, update=update, condition=condition, names=names, values=values
        )

    def _user_leaves(self, user: UserId, tenant: TenantId, *, active: bool) -> TransactWriteItemTypeDef:
        inactive = f"attribute_exists({USER_ID}) AND (attribute_not_exists(#active) OR #active <> :tenant)"
        return operation(
            "Update",
            self.tables.users,
            user_key(user),
            update="REMOVE #roles, #active" if active else "REMOVE #roles",
            condition="#active = :tenant" if active else inactive,
            names={"#roles": roles_attribute(tenant), "#active": ACTIVE_TENANT_ID},
            values={":tenant": {"S": tenant}},
        )


def admin_ids(client: DynamoDBClient, table: str, tenant: TenantId) -> frozenset[UserId]:
    """Return who has the role of an admin in a tenant, by memberships, blocked and deleted users included."""
    found = query(
        client,
        TableName=table,
        KeyConditionExpression=f"{TENANT_ID} = :tenant",
        FilterExpression="contains(#roles, :admin)",
        ProjectionExpression=f"{USER_ID}, #roles",
        ExpressionAttributeNames={"#roles": "roles"},
        ExpressionAttributeValues={":tenant": {"S": tenant}, ":admin": {"S": Role.ADMIN}},
        ConsistentRead=True,
    )
    return frozenset(UserId(item[USER_ID]["S"]) for item in found)


def _member(item: Mapping[str, Any]) -> Member:
    return Member(
        user_id=UserId(item[USER_ID]["S"]),
        email=item.get("email", {}).get("S", ""),
        name=item.get("name", {}).get("S", ""),
        roles=frozenset(item.get("roles", {}).get("SS", [])),
    )
