"""The routes of membership: who belongs to which tenant in which roles, and which tenant is active for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.control_plane.membership import schemas
from tenantry.isolation.api import Access, Answer, Route
from tenantry.model.roles import NON_ADMINS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction

_NO_MEMBER: Final = Answer.refusal("Member not found in this tenant")
_NO_INVITATION: Final = Answer.refusal("Invitation not found, expired or withdrawn")
_UNFINISHED: Final = Answer.refusal("The change is incomplete and is in a dead-letter queue; send the request again")
_BAD_ID: Final = Answer.refusal("Malformed path or query parameter; the message names it")


def membership_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    return [
        Route(
            method="GET",
            path="/settings",
            handler=function,
            access=Access.USER,
            summary="Show the caller's active tenant and roles",
            answers={
                200: Answer(
                    description="The active tenant, if any, and the caller's roles in it", schema=schemas.SETTINGS
                )
            },
        ),
        Route(
            method="PUT",
            path="/settings",
            handler=function,
            access=Access.USER,
            takes=schemas.CHOICE,
            summary="Change the caller's active tenant",
            answers={
                204: Answer(description="Done"),
                403: Answer.refusal("The caller is not a member of the tenant, or the tenant does not exist"),
            },
        ),
        Route(
            method="GET",
            path="/tenants",
            handler=function,
            access=Access.USER,
            summary="List the caller's tenants and their roles in each",
            answers={200: Answer(description="All tenants of the caller", schema=schemas.OWN_TENANTS)},
        ),
        Route(
            method="GET",
            path="/tenants/{tenantId}/members",
            handler=function,
            roles=[Role.ADMIN],
            summary="List the members of the tenant",
            parameters=[schemas.ACTIVE_TENANT, schemas.LIMIT, schemas.AFTER],
            answers={200: Answer(description="A page of members", schema=schemas.MEMBERS), 400: _BAD_ID},
        ),
        Route(
            method="POST",
            path="/tenants/{tenantId}/members",
            handler=function,
            roles=[Role.ADMIN],
            takes=schemas.NEW_INVITATION,
            summary="Invite a user to the tenant; a new invitation replaces an earlier one",
            parameters=[schemas.ACTIVE_TENANT],
            answers={
                201: Answer(description="Invited", schema=schemas.INVITATION),
                409: Answer.refusal("The caller cannot invite their own address"),
            },
        ),
        Route(
            method="PUT",
            path="/tenants/{tenantId}/members/{memberId}/roles",
            handler=function,
            roles=[Role.ADMIN],
            takes=schemas.NEW_ROLES,
            summary="Replace a member's roles",
            parameters=[schemas.ACTIVE_TENANT, schemas.MEMBER_ID],
            answers={
                204: Answer(description="Done"),
                404: _NO_MEMBER,
                409: Answer.refusal("The tenant must keep at least one admin"),
            },
        ),
        Route(
            method="DELETE",
            path="/tenants/{tenantId}/members/{memberId}",
            handler=function,
            roles=[Role.ADMIN],
            own_roles=NON_ADMINS,
            summary="Remove a member, or leave the tenant",
            parameters=[schemas.ACTIVE_TENANT, schemas.MEMBER_ID],
            answers={
                204: Answer(description="Removed"),
                400: _BAD_ID,
                404: _NO_MEMBER,
                409: Answer.refusal("The last admin cannot be removed"),
            },
        ),
        Route(
            method="GET",
            path="/tenants/{tenantId}/invitations",
            handler=function,
            roles=[Role.ADMIN],
            summary="List the tenant's pending invitations",
            parameters=[schemas.ACTIVE_TENANT],
            answers={200: Answer(description="Pending invitations", schema=schemas.INVITATIONS)},
        ),
        Route(
            method="DELETE",
            path="/tenants/{tenantId}/invitations/{invitationId}",
            handler=function,
            roles=[Role.ADMIN],
            summary="Withdraw an invitation",
            parameters=[schemas.ACTIVE_TENANT, schemas.INVITATION_ID],
            answers={204: Answer(description="Withdrawn"), 400: _BAD_ID, 404: _NO_INVITATION},
        ),
        Route(
            method="GET",
            path="/invitations",
            handler=function,
            access=Access.USER,
            summary="List invitations to the caller's verified address",
            answers={200: Answer(description="Pending invitations", schema=schemas.OWN_INVITATIONS)},
        ),
        Route(
            method="POST",
            path="/invitations/{invitingTenantId}/acceptance",
            handler=function,
            access=Access.USER,
            summary="Accept an invitation",
            parameters=[schemas.INVITING_TENANT],
            answers={
                201: Answer(description="The caller is now a member of the tenant", schema=schemas.MEMBERSHIP),
                400: _BAD_ID,
                404: _NO_INVITATION,
                409: Answer.refusal("The caller is already a member of the tenant"),
            },
        ),
        Route(
            method="DELETE",
            path="/invitations/{invitingTenantId}",
            handler=function,
            access=Access.USER,
            summary="Decline an invitation",
            parameters=[schemas.INVITING_TENANT],
            answers={204: Answer(description="Declined"), 400: _BAD_ID, 404: _NO_INVITATION},
        ),
        *_own_account_routes(function),
    ]


def _own_account_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes by which people change their own accounts, whichever tenant is active for them."""
    return [
        Route(
            method="DELETE",
            path="/me",
            handler=function,
            access=Access.USER,
            summary="Delete the caller's account and its personal data",
            answers={
                204: Answer(description="Deleted"),
                409: Answer.refusal("The caller is the last admin of a tenant; another member must become admin first"),
                502: _UNFINISHED,
            },
        ),
        Route(
            method="DELETE",
            path="/me/sessions",
            handler=function,
            access=Access.USER,
            summary="End all sessions of the caller, including this one",
            answers={204: Answer(description="Ended"), 502: _UNFINISHED},
        ),
        Route(
            method="DELETE",
            path="/me/sessions/current",
            handler=function,
            access=Access.USER,
            summary="End the session that this request belongs to",
            answers={204: Answer(description="Ended"), 502: _UNFINISHED},
        ),
        Route(
            method="PUT",
            path="/me/address",
            handler=function,
            access=Access.USER,
            takes=schemas.NEW_ADDRESS,
            summary="Confirm a change of the caller's e-mail address and end all their sessions",
            answers={
                204: Answer(description="The address is changed; sign in again"),
                403: Answer.refusal("The access token is invalid, expired or of another user"),
                409: Answer.refusal("Another account already uses this address"),
                502: _UNFINISHED,
            },
        ),
    ]
