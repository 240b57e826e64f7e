"""The users and tenants of a run, removed with all that the application has made for them."""

from __future__ import annotations

import re
import threading
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.attacks.items import query
from tenantry.model.directory_tables import (
    INVITATION_ID,
    TENANT_ID,
    USER_ID,
    USER_INDEX,
    membership_key,
    tenant_key,
    user_key,
)
from tenantry.model.identifiers import TENANT_PATTERN
from tenantry.operate.stacks import resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.cleanup import Cleanup
    from tenantry.attacks.target import Target

# Sagas end, and functions that fail on an event are tried again, within this time; on AWS, the latter takes longer.
_UNDER_WAY_SECONDS: Final = 6.0
# Nothing is made for any other tenant.
_TENANT: Final = re.compile(TENANT_PATTERN)
_GONE: Final = frozenset(
    {
        "UserNotFoundException",
        "ConditionalCheckFailedException",
        "NoSuchBucket",
        "NoSuchAccessPoint",
        "NotFoundException",  # of a key
    }
)


class RunResources:
    """The users and tenants of one run.

    Parameters
    ----------
    target
        Where they are.
    cleanup
        Removes them in the end.
    """

    def __init__(self, target: Target, cleanup: Cleanup) -> None:
        self._target = target
        self._cleanup = cleanup
        self._users: set[str] = set()
        self._tenants: set[str] = set()
        self._latest: float | None = None
        self._lock = threading.Lock()
        cleanup.later("what arrives late", self._late, last=True)

    def event_sent(self) -> None:
        """Say that something was set off just now that goes on by itself."""
        self._latest = time.monotonic()

    def user(self, user_id: str) -> None:
        """Remove a user, and what the sagas have made of them."""
        with self._lock:
            self._users.add(user_id)
        self._cleanup.later(f"the user {user_id}", partial(self._forget_user, user_id))

    def tenant(self, tenant: str) -> None:
        """Remove a tenant."""
        with self._lock:
            self._tenants.add(tenant)
        self._cleanup.later(f"the tenant {tenant}", partial(self._forget_tenant, tenant))

    def tenants_of(self, user_id: str) -> list[str]:
        """Return the ids of the tenants that someone is a member of."""
        return sorted(item[TENANT_ID]["S"] for item in self.memberships_of(user_id))

    def memberships_of(self, user_id: str) -> list[dict[str, Any]]:
        """Return someone's memberships, as they are stored."""
        aws, table = self._target.aws, self._target.tenant_users_table
        return query(aws, table, USER_ID, user_id, IndexName=USER_INDEX)

    def _forget_user(self, user_id: str) -> None:
        aws, target = self._target.aws, self._target
        _unless_gone(lambda: aws.cognito.admin_delete_user(UserPoolId=target.user_pool_id, Username=user_id))
        for tenant in self.tenants_of(user_id):
            key = membership_key(tenant, user_id)
            aws.dynamodb.delete_item(TableName=target.tenant_users_table, Key=key)
            # Should an attack have got into a tenant that is not the run's, that tenant still has its own people.
            if not query(aws, target.tenant_users_table, TENANT_ID, tenant):
                self.tenant(tenant)
        aws.dynamodb.delete_item(TableName=target.users_table, Key=user_key(user_id))

    def _forget_tenant(self, tenant: str) -> None:
        aws, table = self._target.aws, self._target.invitations_table
        for item in query(aws, table, TENANT_ID, tenant):
            key = {name: item[name] for name in (TENANT_ID, INVITATION_ID)}
            aws.dynamodb.delete_item(TableName=table, Key=key)
        aws.dynamodb.delete_item(TableName=self._target.tenants_table, Key=tenant_key(tenant))

    def _late(self) -> None:
        """Remove what was under way when the run ended, and then what other stacks have made for the tenants."""
        if self._latest is not None:
            time.sleep(max(0.0, self._latest + _UNDER_WAY_SECONDS - time.monotonic()))
        # An attack may have come as a tenant of a reserved name: what is called so is a bucket that all tenants share.
        for tenant in filter(_TENANT.fullmatch, self._tenants if self._names_table else ()):
            self._cleanup.later(f"the storage of the tenant {tenant}", partial(self._forget_storage, tenant))
        for user_id in self._users:
            if self.tenants_of(user_id):
                self._cleanup.later(f"the user {user_id}", partial(self._forget_user, user_id))

    @cached_property
    def _names_table(self) -> str | None:
        """The table in which the storage stack keeps the names that buckets are made of; None without that stack."""
        stacks = [stack for stack in self._target.stacks if stack.endswith("-storage")]
        tables = (made for made in resources(self._target.aws, stacks) if made.kind == "AWS::DynamoDB::Table")
        return next((table.id for table in tables if table.logical_id.startswith("TenantNames")), None)

    def _forget_storage(self, tenant: str) -> None:
        """Remove a tenant's bucket, which is empty, its access point, its key, and its claim to their name."""
        aws, names = self._target.aws, self._target.storage_names
        account = aws.sts.get_caller_identity()["Account"]
        _unless_gone(lambda: aws.s3control.delete_access_point(AccountId=account, Name=names.access_point_of(tenant)))
        _unless_gone(lambda: aws.s3.delete_bucket(Bucket=names.own_bucket_of(tenant)))
        _unless_gone(partial(self._forget_key, f"alias/{self._target.app}-storage-{tenant.lower()}"))
        for name in (tenant.lower(), f"key/{tenant.lower()}"):
            _unless_gone(partial(self._forget_name, name, tenant))

    def _forget_key(self, alias: str) -> None:
        kms = self._target.aws.kms
        key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
        kms.delete_alias(AliasName=alias)
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)  # the shortest that there is

    def _forget_name(self, name: str, tenant: str) -> None:
        self._target.aws.dynamodb.delete_item(
            TableName=self._names_table or "",
            Key={"name": {"S": name}},
            ConditionExpression=f"{TENANT_ID} = :tenant",
            ExpressionAttributeValues={":tenant": {"S": tenant}},
        )


def _unless_gone(remove: Callable[[], object]) -> None:
    try:
        remove()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
