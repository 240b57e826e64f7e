"""The routes of membership: who belongs to which tenant in which roles, and which tenant is active for whom."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from stacks.control_plane.membership import schemas
from stacks.platform.routes import BAD_ID, UNFINISHED, route
from tenantry.isolation.api import Access, Answer
from tenantry.model.roles import NON_ADMINS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Route

_NO_MEMBER: Final = Answer.refusal("Member not found in this tenant")
_NO_INVITATION: Final = Answer.refusal("Invitation not found, expired or withdrawn")


def membership_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    own = partial(route, handler=function, access=Access.USER)
    admins = partial(route, handler=function, roles=[Role.ADMIN], parameters=[schemas.ACTIVE_TENANT])
    return [
        own(
            "GET /settings",
            "Show the caller's active tenant and roles",
            {200: Answer("The active tenant, if any, and the caller's roles in it", schemas.SETTINGS)},
        ),
        own(
            "PUT /settings",
            "Change the caller's active tenant",
            {
                204: Answer("Done"),
                403: Answer.refusal("The caller is not a member of the tenant, or the tenant does not exist"),
            },
            takes=schemas.CHOICE,
        ),
        own(
            "GET /tenants",
            "List the caller's tenants and their roles in each",
            {200: Answer("All tenants of the caller", schemas.OWN_TENANTS)},
        ),
        admins(
            "GET /tenants/{tenantId}/members",
            "List the members of the tenant",
            {200: Answer("A page of members", schemas.MEMBERS), 400: BAD_ID},
            parameters=[schemas.ACTIVE_TENANT, schemas.LIMIT, schemas.AFTER],
        ),
        admins(
            "POST /tenants/{tenantId}/members",
            "Invite a user to the tenant; a new invitation replaces an earlier one",
            {
                201: Answer("Invited", schemas.INVITATION),
                409: Answer.refusal("The caller cannot invite their own address"),
            },
            takes=schemas.NEW_INVITATION,
        ),
        admins(
            "PUT /tenants/{tenantId}/members/{memberId}/roles",
            "Replace a member's roles",
            {204: Answer("Done"), 404: _NO_MEMBER, 409: Answer.refusal("The tenant must keep at least one admin")},
            takes=schemas.NEW_ROLES,
            parameters=[schemas.ACTIVE_TENANT, schemas.MEMBER_ID],
        ),
        admins(
            "DELETE /tenants/{tenantId}/members/{memberId}",
            "Remove a member, or leave the tenant",
            {
                204: Answer("Removed"),
                400: BAD_ID,
                404: _NO_MEMBER,
                409: Answer.refusal("The last admin cannot be removed"),
            },
            own_roles=NON_ADMINS,
            parameters=[schemas.ACTIVE_TENANT, schemas.MEMBER_ID],
        ),
        admins(
            "GET /tenants/{tenantId}/invitations",
            "List the tenant's pending invitations",
            {200: Answer("Pending invitations", schemas.INVITATIONS)},
        ),
        admins(
            "DELETE /tenants/{tenantId}/invitations/{invitationId}",
            "Withdraw an invitation",
            {204: Answer("Withdrawn"), 400: BAD_ID, 404: _NO_INVITATION},
            parameters=[schemas.ACTIVE_TENANT, schemas.INVITATION_ID],
        ),
        own(
            "GET /invitations",
            "List invitations to the caller's verified address",
            {200: Answer("Pending invitations", schemas.OWN_INVITATIONS)},
        ),
        own(
            "POST /invitations/{invitingTenantId}/acceptance",
            "Accept an invitation",
            {
                201: Answer("The caller is now a member of the tenant", schemas.MEMBERSHIP),
                400: BAD_ID,
                404: _NO_INVITATION,
                409: Answer.refusal("The caller is already a member of the tenant"),
            },
            parameters=[schemas.INVITING_TENANT],
        ),
        own(
            "DELETE /invitations/{invitingTenantId}",
            "Decline an invitation",
            {204: Answer("Declined"), 400: BAD_ID, 404: _NO_INVITATION},
            parameters=[schemas.INVITING_TENANT],
        ),
        *_own_account_routes(function),
    ]


def _own_account_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes by which people change their own accounts, whichever tenant is active for them."""
    own = partial(route, handler=function, access=Access.USER)
    return [
        own(
            "DELETE /me",
            "Delete the caller's account and its personal data",
            {
                204: Answer("Deleted"),
                409: Answer.refusal("The caller is the last admin of a tenant; another member must become admin first"),
                502: UNFINISHED,
            },
        ),
        own(
            "DELETE /me/sessions",
            "End all sessions of the caller, including this one",
            {204: Answer("Ended"), 502: UNFINISHED},
        ),
        own(
            "DELETE /me/sessions/current",
            "End the session that this request belongs to",
            {204: Answer("Ended"), 502: UNFINISHED},
        ),
        own(
            "PUT /me/address",
            "Confirm a change of the caller's e-mail address and end all their sessions",
            {
                204: Answer("The address is changed; sign in again"),
                403: Answer.refusal("The access token is invalid, expired or of another user"),
                409: Answer.refusal("Another account already uses this address"),
                502: UNFINISHED,
            },
            takes=schemas.NEW_ADDRESS,
        ),
    ]
