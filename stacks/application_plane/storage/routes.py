"""The routes of the storage API, with the replies that its hands-on documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.application_plane.storage import schemas
from tenantry.isolation.api import Access, Answer, Route
from tenantry.model.roles import READERS, WRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction

DESCRIPTION: Final = (
    "Objects of the caller, stored in one of five partition modes. "
    "`x-token` takes an ID token of the user pool, or a token from GET /token."
)
REFUSALS: Final = {
    "UNAUTHORIZED": {"status": "Unauthorized", "result": {"invalid": "x-token"}},
    "ACCESS_DENIED": {"status": "Forbidden", "result": {"invalid": "x-token"}},
    "BAD_REQUEST_BODY": {
        "status": "Bad Request",
        "result": {"invalid": "body: send a JSON object of the documented form, as application/json"},
    },
    "REQUEST_TOO_LARGE": {
        "status": "Request Entity Too Large",
        "result": {"invalid": "body: at most 6 MB, in which each quote, backslash and line feed counts twice"},
    },
}
"""API Gateway's own refusals, in the form of the functions' replies."""
_REFUSED: Final = {
    400: Answer(
        description="Unknown partition mode, or malformed key or body; `invalid` names the field",
        schema=schemas.REFUSED,
    ),
    401: Answer(description="Missing or invalid token, or the session has ended", schema=schemas.REFUSED),
    403: Answer(description="Valid token, not authorized for this resource", schema=schemas.REFUSED),
    413: Answer(
        description="The request body or the reply exceeds 6 MB (quotes, backslashes and line feeds count twice)",
        schema=schemas.REFUSED,
    ),
    409: Answer(
        description="`Expected-Tenant` names another tenant than the one this request would act in",
        schema=schemas.REFUSED,
    ),
}


def storage_routes(*, objects: PythonFunction, issuer: PythonFunction, tokens_are_open: bool) -> Sequence[Route]:
    """Return the routes.

    Parameters
    ----------
    objects
        What stores and reads objects.
    issuer
        What issues tokens.
    tokens_are_open
        Whether anybody may ask for a token; otherwise this takes IAM credentials.
    """
    return [
        Route(
            method="GET",
            path="/token",
            handler=issuer,
            access=Access.OPEN if tokens_are_open else Access.IAM,
            summary="Issue a token for any tenant and user; for the hands-on and for operators",
            parameters=[schemas.FOR_TENANT, schemas.FOR_USER],
            answers={
                200: Answer(description="The token, valid for one hour", schema=schemas.TOKEN),
                400: Answer(description="Malformed tenant or user id", schema=schemas.REFUSED),
                401: Answer(description="Missing header", schema=schemas.NO_CALLER),
            },
        ),
        Route(
            method="PUT",
            path="/object",
            handler=objects,
            roles=WRITERS,
            takes=schemas.NEW_OBJECT,
            summary="Store an object of the caller",
            parameters=[schemas.PARTITION],
            answers={201: Answer(description="Stored", schema=schemas.STORED), **_REFUSED},
        ),
        Route(
            method="GET",
            path="/object",
            handler=objects,
            roles=READERS,
            summary="List the caller's objects, or read one object",
            parameters=[schemas.PARTITION, schemas.KEY, schemas.KEYS_AFTER, schemas.KEYS_LIMIT],
            answers={
                200: Answer(description="The caller's keys, or the object's content", schema=schemas.FOUND),
                404: Answer(description="Object not found among the caller's objects", schema=schemas.REFUSED),
                **_REFUSED,
            },
        ),
    ]
