"""The routes of the control API: operators show, block, sign out, delete and reconcile accounts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from stacks.control_plane.control import schemas
from stacks.platform.routes import BAD_ID, UNFINISHED, route
from tenantry.isolation.api import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Route

_NOBODY: Final = Answer.refusal("Account not found")


def control_routes(function: PythonFunction) -> Sequence[Route]:
    """Return the routes; whoever may call the API may use all of them."""
    account = partial(route, handler=function, parameters=[schemas.ACCOUNT_ID])
    changed = {
        200: Answer("The change is made, or was made before", schemas.ACCOUNT_CHANGE),
        404: _NOBODY,
        409: Answer.refusal("The account is deleted"),
        502: UNFINISHED,
    }
    return [
        route(
            "GET /users",
            "List the accounts of the user pool with their directory records",
            {200: Answer("A page of accounts", schemas.ACCOUNTS), 400: BAD_ID},
            handler=function,
            parameters=[schemas.POOL_LIMIT, schemas.POOL_AFTER, schemas.POOL_EMAIL],
        ),
        account(
            "GET /users/{userId}",
            "Show an account with its state in the user pool and in the directory",
            {200: Answer("The account", schemas.ACCOUNT), 400: BAD_ID, 404: _NOBODY},
        ),
        account(
            "PUT /users/{userId}/block",
            "Block an account: end its sessions, refuse sign-in and suspend its admin roles",
            changed,
            takes=schemas.BLOCK,
        ),
        account(
            "DELETE /users/{userId}/block",
            "Unblock an account and restore its admin roles",
            {400: BAD_ID, **changed},
        ),
        account(
            "DELETE /users/{userId}/sessions",
            "End every session of an account",
            {400: BAD_ID, **changed},
        ),
        account(
            "DELETE /users/{userId}",
            "Delete an account and its personal data; its id stays reserved",
            {400: BAD_ID, **changed},
        ),
        route(
            "POST /users/reconciliations",
            "Compare one part of the user pool with the directory and repair the differences",
            {
                200: Answer("The differences, and where the next part begins", schemas.RECONCILED),
                502: Answer.refusal("The reconciliation failed; send the request again"),
            },
            handler=function,
            takes=schemas.RECONCILIATION,
        ),
    ]
