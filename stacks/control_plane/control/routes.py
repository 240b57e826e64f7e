"""The routes of the control API: operators show, block, sign out, delete and reconcile accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.control_plane.control import schemas
from tenantry.isolation.api import Answer, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction

_NOBODY: Final = Answer.refusal("Account not found")
_BAD_ID: Final = Answer.refusal("Malformed path or query parameter; the message names it")
_UNFINISHED: Final = Answer.refusal("The change is incomplete and is in a dead-letter queue; send the request again")


def control_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes; whoever may call the API may use all of them."""
    changed = {
        200: Answer(description="The change is made, or was made before", schema=schemas.ACCOUNT_CHANGE),
        404: _NOBODY,
        409: Answer.refusal("The account is deleted"),
        502: _UNFINISHED,
    }
    return [
        Route(
            method="GET",
            path="/users",
            handler=function,
            summary="List the accounts of the user pool with their directory records",
            parameters=[schemas.POOL_LIMIT, schemas.POOL_AFTER, schemas.POOL_EMAIL],
            answers={200: Answer(description="A page of accounts", schema=schemas.ACCOUNTS), 400: _BAD_ID},
        ),
        Route(
            method="GET",
            path="/users/{userId}",
            handler=function,
            summary="Show an account with its state in the user pool and in the directory",
            parameters=[schemas.ACCOUNT_ID],
            answers={
                200: Answer(description="The account", schema=schemas.ACCOUNT),
                400: _BAD_ID,
                404: _NOBODY,
            },
        ),
        Route(
            method="PUT",
            path="/users/{userId}/block",
            handler=function,
            takes=schemas.BLOCK,
            summary="Block an account: end its sessions, refuse sign-in and suspend its admin roles",
            parameters=[schemas.ACCOUNT_ID],
            answers=changed,
        ),
        Route(
            method="DELETE",
            path="/users/{userId}/block",
            handler=function,
            summary="Unblock an account and restore its admin roles",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="DELETE",
            path="/users/{userId}/sessions",
            handler=function,
            summary="End every session of an account",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="DELETE",
            path="/users/{userId}",
            handler=function,
            summary="Delete an account and its personal data; its id stays reserved",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="POST",
            path="/users/reconciliations",
            handler=function,
            takes=schemas.RECONCILIATION,
            summary="Compare one part of the user pool with the directory and repair the differences",
            answers={
                200: Answer(description="The differences, and where the next part begins", schema=schemas.RECONCILED),
                502: Answer.refusal("The reconciliation failed; send the request again"),
            },
        ),
    ]
