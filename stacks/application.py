"""The whole application: every stack, and what each is given of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_lambda import declare_application
from stacks.common import CommonStack
from stacks.control import ControlStack
from stacks.dashboard import DashboardStack
from stacks.employees import EmployeesStack
from stacks.ingestion import IngestionStack
from stacks.parks import ParksStack
from stacks.storage import StorageStack
from stacks.tenant import TenantStack
from stacks.user import UserStack

if TYPE_CHECKING:
    from aws_cdk import App

    from stacks.environments import Environment


def compose(app: App, environment: Environment) -> None:
    """Build every stack of `environment` in `app`."""
    name = environment.application
    common = CommonStack(app, f"{name}-common", environment=environment)
    user = UserStack(app, f"{name}-user", environment=environment, bus=common.bus, alarms=common.alarms)
    ingestion = IngestionStack(app, f"{name}-ingestion", environment=environment, alarms=common.alarms)
    storage = StorageStack(
        app,
        f"{name}-storage",
        environment=environment,
        bus=common.bus,
        alarms=common.alarms,
        user_pool=user.user_pool,
        client=user.client,
    )
    tenant = TenantStack(
        app,
        f"{name}-tenant",
        environment=environment,
        bus=common.bus,
        alarms=common.alarms,
        user_pool=user.user_pool,
        client=user.client,
        users=user.users,
        token_claims_hook=user.token_claims_hook,
        partitions=storage.partitions,
        lake=ingestion.lake,
    )
    control = ControlStack(
        app,
        f"{name}-control",
        environment=environment,
        bus=common.bus,
        alarms=common.alarms,
        user_pool=user.user_pool,
        directory=tenant.directory,
        invitations=tenant.invitations,
    )
    EmployeesStack(
        app,
        f"{name}-employees",
        environment=environment,
        alarms=common.alarms,
        user_pool=user.user_pool,
        client=user.client,
    )
    parks = ParksStack(
        app,
        f"{name}-parks",
        environment=environment,
        bus=common.bus,
        alarms=common.alarms,
        user_pool=user.user_pool,
        client=user.client,
        directory=tenant.directory,
        invitations=tenant.invitations,
        account_changes=control.account_changes,
    )
    DashboardStack(
        app,
        f"{name}-dashboard",
        environment=environment,
        user_pool=user.user_pool,
        client=user.client,
        apis={"tenant": tenant.api_url, "storage": storage.api_url, "parks": parks.api_url},
    )
    declare_application(app, name=name, environment=environment.name, ephemeral=environment.ephemeral)
