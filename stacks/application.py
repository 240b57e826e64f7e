"""The whole application: every stack, and what each is given of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Stack

from stacks.application_plane.employees.stack import EmployeesStack
from stacks.application_plane.ingestion.stack import IngestionStack
from stacks.application_plane.parks.stack import ParksStack
from stacks.application_plane.storage.stack import StorageStack
from stacks.control_plane.control.stack import ControlStack
from stacks.control_plane.membership.stack import MembershipStack
from stacks.control_plane.tenant.stack import TenantStack
from stacks.control_plane.user.stack import UserStack
from stacks.names import CONTROL_PLANE, STACKS
from stacks.platform.collisions import refuse_collisions
from stacks.platform.stack import CommonStack
from stacks.web.dashboard.stack import DashboardStack
from tenantry.functions import declare_application

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import App

    from stacks.environments import Environment
    from stacks.names import StackName
    from stacks.platform.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """The stacks that need no others, as far as others need them."""

    platform: Platform
    tenant: TenantStack
    membership: MembershipStack


def compose(app: App, environment: Environment) -> None:
    """Build every stack of `environment` in `app`, beside the instances that other calls have built there.

    Synthesis fails where two instances would give resources the same name (`stacks.platform.collisions`).
    """
    ids = _construct_ids(app, environment)
    control_plane = _control_plane(app, environment, ids)
    platform, tenant = control_plane.platform, control_plane.tenant
    IngestionStack(app, ids["ingestion"], platform=platform, usage=tenant.usage)
    storage = StorageStack(app, ids["storage"], platform=platform, usage=tenant.usage)
    EmployeesStack(app, ids["employees"], platform=platform)
    parks = ParksStack(app, ids["parks"], platform=platform, directory=tenant.directory)
    DashboardStack(
        app,
        ids["dashboard"],
        platform=platform,
        apis={
            "tenant": tenant.api_url,
            "membership": control_plane.membership.api_url,
            "storage": storage.api_url,
            "parks": parks.api_url,
        },
    )
    _declare(app, environment, ids, STACKS)


def compose_control_plane(app: App, environment: Environment) -> ControlPlane:
    """Build the control plane of `environment` alone, for applications whose other stacks are their own."""
    ids = _construct_ids(app, environment)
    built = _control_plane(app, environment, ids)
    _declare(app, environment, ids, CONTROL_PLANE)
    return built


def _control_plane(app: App, environment: Environment, ids: Mapping[StackName, str]) -> ControlPlane:
    common = CommonStack(app, ids["common"], environment=environment)
    user = UserStack(app, ids["user"], foundation=common.foundation)
    platform = common.foundation.with_identity(user.identity)
    tenant = TenantStack(
        app, ids["tenant"], platform=platform, users=user.users, token_claims_hook=user.token_claims_hook
    )
    control = ControlStack(
        app, ids["control"], platform=platform, directory=tenant.directory, invitations=tenant.invitations
    )
    membership = MembershipStack(
        app,
        ids["membership"],
        platform=platform,
        directory=tenant.directory,
        invitations=tenant.invitations,
        account_changes=control.account_changes,
    )
    return ControlPlane(platform=platform, tenant=tenant, membership=membership)


def _declare(app: App, environment: Environment, ids: Mapping[StackName, str], stacks: Sequence[StackName]) -> None:
    for stack in stacks:
        declare_application(
            app.node.find_child(ids[stack]),
            name=environment.application,
            environment=environment.name,
            ephemeral=environment.ephemeral,
        )


def _construct_ids(app: App, environment: Environment) -> Mapping[StackName, str]:
    """Return the ids of the stacks in `app`: their names, with account and region where another has these already."""
    ids = {stack: environment.stack_name(stack) for stack in STACKS}
    if not any(Stack.is_stack(child) for child in app.node.children):
        return ids
    refuse_collisions(app)
    if app.node.try_find_child(ids["common"]):
        ids = {stack: f"{name}-{environment.account}-{environment.region}" for stack, name in ids.items()}
    return ids
