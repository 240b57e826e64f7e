"""Shows and changes memberships, and publishes each change on the event bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from msgspec import Meta

from tenantry.model import authorizer_context
from tenantry.model.caller import Profile
from tenantry.model.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from tenantry.model.event_types import (
    ACTIVE_TENANT_SWITCHED,
    MEMBER_ADDED,
    MEMBER_INVITED,
    MEMBER_REMOVED,
    MEMBER_ROLES_CHANGED,
    TENANT,
)
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.model.roles import Role
from tenantry.runtime.account_workflow import AccountWorkflow
from tenantry.runtime.events import (
    ActiveTenantSwitched,
    KeepingPublisher,
    MemberAdded,
    MemberInvited,
    MemberRemoved,
    MemberRolesChanged,
    MembershipEvent,
)
from tenantry.runtime.inputs import Input
from tenantry.runtime.invitations import Invitations, invitation_id
from tenantry.runtime.mailbox import mailbox
from tenantry.runtime.membership import Memberships
from tenantry.runtime.rest import Request, RestSettings, created, no_content, present, rest_handler
from tenantry.runtime.settings import DirectorySettings

if TYPE_CHECKING:
    from tenantry.model.identifiers import TenantId, UserId
    from tenantry.runtime.invitations import Invitation
    from tenantry.runtime.mailbox import Mailbox

_PAGE: Final = 100


class _Settings(RestSettings, DirectorySettings):
    application: str
    invitations_table: str
    invitation_days: int
    event_bus_name: str
    dead_letter_queue_url: str
    account_changes_arn: str


# JSON has no sets: each role once, in whichever order.
_Roles = Annotated[frozenset[Role], Meta(min_length=1)]


class NewInvitation(Input, frozen=True):
    """The body of an invitation."""

    email: str
    roles: _Roles


class NewRoles(Input, frozen=True):
    """The body of a change of roles."""

    roles: _Roles


class Choice(Input, frozen=True):
    """The body of a switch."""

    tenantId: str  # noqa: N815 - the contract's spelling


class NewAddress(Input, frozen=True):
    """The body of a change of address: what the user pool requires to verify one."""

    accessToken: Annotated[str, Meta(min_length=1, max_length=8192)]  # noqa: N815 - the contract's spelling
    code: Annotated[str, Meta(min_length=1, max_length=64)]


settings = _Settings.load()
database = boto3.client("dynamodb")
memberships = Memberships(database, settings.tables)
invitations = Invitations(database, settings.invitations_table, memberships, days=settings.invitation_days)
publisher = KeepingPublisher(
    bus=boto3.client("events"),
    bus_name=settings.event_bus_name,
    application=settings.application,
    queue=boto3.client("sqs"),
    queue_url=settings.dead_letter_queue_url,
)
workflow = AccountWorkflow(
    # The change goes on when this gives up waiting, shortly before API Gateway does.
    boto3.client("stepfunctions", config=Config(read_timeout=27, retries={"total_max_attempts": 1})),
    settings.account_changes_arn,
)
# What a person does with their own access token takes no signature of ours.
pool = boto3.client("cognito-idp", config=Config(signature_version=UNSIGNED, connect_timeout=2, read_timeout=5))


def show_settings(request: Request) -> dict[str, Any]:
    """Return the active tenant and the roles in it."""
    roles = json.loads((request.authorizer or {}).get(authorizer_context.ROLES, "[]"))
    return present(tenantId=request.caller.tenant_id, roles=roles)


def switch(request: Request) -> None:
    """Make another tenant the active one."""
    user, tenant = request.caller.user_id, tenant_id(request.body(Choice).tenantId)
    before = memberships.switch(user, tenant)
    if before != tenant:
        _publish(ACTIVE_TENANT_SWITCHED, ActiveTenantSwitched(tenantId=tenant, by=user, tenantIdBefore=before))


def list_tenants(request: Request) -> dict[str, Any]:
    """Return the tenants of the caller."""
    caller = request.caller
    found = memberships.tenants_of(caller.user_id)
    names = memberships.names(found)
    return {
        "tenants": [
            present(tenantId=tenant, name=names.get(tenant), roles=sorted(roles), active=tenant == caller.tenant_id)
            for tenant, roles in found.items()
        ]
    }


def list_members(request: Request) -> dict[str, Any]:
    """Return a page of the tenant's members."""
    tenant, _ = _admin(request)
    if unknown := set(request.query) - {"limit", "after"}:
        raise BadRequestError(f"{len(unknown)} unknown query parameters: use limit and after")
    after = user_id(request.query["after"]) if "after" in request.query else None
    page, following = memberships.members(tenant, limit=request.limit(_PAGE), after=after)
    members = [
        {"userId": member.user_id, "email": member.email, "name": member.name, "roles": sorted(member.roles)}
        for member in page
    ]
    return present(members=members, next=following)


def invite(request: Request) -> dict[str, Any]:
    """Invite somebody into the tenant."""
    tenant, user = _admin(request)
    wanted = request.body(NewInvitation)
    own = Profile.from_authorizer(request.authorizer).email
    if own is not None and own.lower() == mailbox(wanted.email):
        raise ConflictError("You cannot invite your own address: give another address")
    made = invitations.invite(tenant, mailbox(wanted.email), wanted.roles, by=user)
    _publish(
        MEMBER_INVITED,
        MemberInvited(
            tenantId=tenant, by=user, email=made.invitee, roles=sorted(made.roles), expires=_time(made.expires)
        ),
    )
    return _to_admin(made)


def list_invitations_of_tenant(request: Request) -> dict[str, Any]:
    """Return the tenant's invitations."""
    tenant, _ = _admin(request)
    return {"invitations": [_to_admin(found) for found in invitations.of_tenant(tenant)]}


def withdraw(request: Request) -> None:
    """Take an invitation back."""
    tenant, user = _admin(request)
    invitations.withdraw(tenant, invitation_id(request.path.get("invitationId")), by=user)


def set_roles(request: Request) -> None:
    """Give a member other roles."""
    tenant, user = _admin(request)
    member, roles = user_id(request.path.get("memberId")), request.body(NewRoles).roles
    before = memberships.set_roles(tenant, member, roles, by=user)
    if before != roles:
        _publish(
            MEMBER_ROLES_CHANGED,
            MemberRolesChanged(
                tenantId=tenant, by=user, userName=member, roles=sorted(roles), rolesBefore=sorted(before)
            ),
        )


def remove(request: Request) -> None:
    """Remove a member, or leave."""
    caller = request.caller
    tenant, user = caller.require_tenant(request.path.get("tenantId")), caller.user_id
    member = user_id(request.path.get("memberId"))
    if member != user:
        _admin(request)
    before = memberships.remove(tenant, member, by=user)
    _publish(MEMBER_REMOVED, MemberRemoved(tenantId=tenant, by=user, userName=member, rolesBefore=sorted(before)))


def list_invitations_of_caller(request: Request) -> dict[str, Any]:
    """Return the invitations of the caller's verified address; none if they have none."""
    email = Profile.from_authorizer(request.authorizer).email
    found = invitations.of_invitee(mailbox(email)) if email else []
    names = memberships.names({invitation.tenant_id for invitation in found})
    return {
        "invitations": [
            present(
                tenantId=invitation.tenant_id,
                tenantName=names.get(invitation.tenant_id),
                roles=sorted(invitation.roles),
                expires=_time(invitation.expires).isoformat(),
            )
            for invitation in found
        ]
    }


def accept(request: Request) -> dict[str, Any]:
    """Accept an invitation."""
    user, tenant = request.caller.user_id, _inviting(request)
    member = invitations.accept(tenant, user, _invitee(request), Profile.from_authorizer(request.authorizer).name)
    _publish(
        MEMBER_ADDED,
        MemberAdded(
            tenantId=tenant,
            by=user,
            userName=user,
            email=member.email,
            name=member.name,
            roles=sorted(member.roles),
        ),
    )
    return {"tenantId": tenant, "roles": sorted(member.roles)}


def decline(request: Request) -> None:
    """Decline an invitation."""
    invitations.decline(_inviting(request), _invitee(request))


def delete_account(request: Request) -> None:
    """Delete the caller's account, unless that would leave a tenant without an admin."""
    _change_own(request, "delete")


def end_sessions(request: Request) -> None:
    """End every session of the caller, this one too."""
    _change_own(request, "signOut", session=_session(request))


def end_session(request: Request) -> None:
    """End the session that the request is made in."""
    _change_own(request, "endSession", session=_session(request))


def change_address(request: Request) -> None:
    """Have the pool verify the caller's new address, and write it wherever the old one stands."""
    wanted = request.body(NewAddress)
    try:
        if pool.get_user(AccessToken=wanted.accessToken)["Username"] != request.caller.user_id:
            raise ForbiddenError("The access token belongs to another user: sign in again")
        pool.verify_user_attribute(AccessToken=wanted.accessToken, AttributeName="email", Code=wanted.code)
    except (pool.exceptions.CodeMismatchException, pool.exceptions.ExpiredCodeException):
        raise BadRequestError("Wrong or expired code: request a new one") from None
    except (
        pool.exceptions.NotAuthorizedException,
        pool.exceptions.InvalidParameterException,
        pool.exceptions.UserNotFoundException,
    ):
        raise ForbiddenError("Invalid or expired access token: sign in again") from None
    except pool.exceptions.AliasExistsException:
        raise ConflictError("Another account already uses this address") from None
    _change_own(request, "changeAddress")


def _session(request: Request) -> str:
    return str((request.authorizer or {}).get(authorizer_context.SESSION, ""))


def _change_own(request: Request, change: str, **more: object) -> None:
    user = request.caller.user_id
    workflow.run(change, user, by=user, **more)


def _admin(request: Request) -> tuple[TenantId, UserId]:
    """Return the tenant of a request that takes an admin of it, and who makes it.

    Whether they still are one is checked in the database by whatever changes something.
    """
    caller = request.caller
    tenant = caller.require_tenant(request.path.get("tenantId"))
    if Role.ADMIN not in json.loads((request.authorizer or {}).get(authorizer_context.ROLES, "[]")):
        raise ForbiddenError("Forbidden")
    return tenant, caller.user_id


def _inviting(request: Request) -> TenantId:
    return tenant_id(request.path.get("invitingTenantId"))


def _invitee(request: Request) -> Mailbox:
    email = Profile.from_authorizer(request.authorizer).email
    if email is None:
        raise NotFoundError("Invitation not found, expired or withdrawn")
    return mailbox(email)


def _to_admin(invitation: Invitation) -> dict[str, Any]:
    return {
        "invitationId": invitation.id,
        "email": invitation.invitee,
        "roles": sorted(invitation.roles),
        "invitedBy": invitation.invited_by,
        "expires": _time(invitation.expires).isoformat(),
    }


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _publish(detail_type: str, detail: MembershipEvent) -> None:
    publisher.publish(TENANT, detail_type, detail)


handler = rest_handler(
    {
        "GET /settings": show_settings,
        "PUT /settings": no_content(switch),
        "GET /tenants": list_tenants,
        "GET /tenants/{tenantId}/members": list_members,
        "POST /tenants/{tenantId}/members": created(invite),
        "PUT /tenants/{tenantId}/members/{memberId}/roles": no_content(set_roles),
        "DELETE /tenants/{tenantId}/members/{memberId}": no_content(remove),
        "GET /tenants/{tenantId}/invitations": list_invitations_of_tenant,
        "DELETE /tenants/{tenantId}/invitations/{invitationId}": no_content(withdraw),
        "GET /invitations": list_invitations_of_caller,
        "POST /invitations/{invitingTenantId}/acceptance": created(accept),
        "DELETE /invitations/{invitingTenantId}": no_content(decline),
        "DELETE /me": no_content(delete_account),
        "DELETE /me/sessions": no_content(end_sessions),
        "DELETE /me/sessions/current": no_content(end_session),
        "PUT /me/address": no_content(change_address),
    },
    cors_headers=settings.cors_headers,
)
