"""Who people are: the user pool with its hooks, the users table and the user saga."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.user.hooks import user_pool_hooks
from stacks.control_plane.user.user_pool import public_client, user_pool
from stacks.control_plane.user.workflows import user_saga
from stacks.platform.defaults import table
from stacks.platform.platform import ApplicationStack, Foundation, Identity
from tenantry.functions import declare_store
from tenantry.model.directory_tables import USER_ID, USERS, roles_attribute, table_name
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct


class UserStack(ApplicationStack):
    """The user pool, its hooks, the table of users, and the first step of the saga.

    Attributes
    ----------
    identity
        The user pool and its client.
    users
        The table of users.
    token_claims_hook
        The hook that asks the tenant admin API.
    """

    name = "user"

    def __init__(self, scope: Construct, construct_id: str, *, foundation: Foundation) -> None:
        environment = foundation.environment
        super().__init__(scope, construct_id, environment=environment)
        self.users = table(
            self, "Users", name=table_name(environment.application, USERS), hash_key=USER_ID, environment=environment
        )
        declare_store(
            self.users, Store(holds="people, with their roles", by=By.ATTRIBUTE, key=roles_attribute(TENANT_IN_NAME))
        )
        dead_letters = foundation.dead_letter_queue(self, "SignUpDeadLetters")
        hooks = user_pool_hooks(self, foundation, users=self.users, sign_up_dead_letters=dead_letters)
        self.token_claims_hook = hooks.token_claims
        pool = user_pool(self, environment, hooks)
        client = public_client(pool)
        self.identity = Identity(
            user_pool=pool, client=client, origin=f"https://cognito-idp.{self.region}.{self.url_suffix}"
        )
        saga = user_saga(self, foundation, self.users)

        self.add_outputs(
            UserPoolId=pool.user_pool_id,
            UserPoolClientId=client.user_pool_client_id,
            UsersTableName=self.users.table_name,
            SignUpDeadLetterQueueUrl=dead_letters.queue_url,
            UserSagaDeadLetterQueueUrl=saga.dead_letter_queue_url,
            UserSagaStateMachineArn=saga.state_machine_arn,
        )
