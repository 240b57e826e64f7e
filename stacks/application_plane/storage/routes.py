"""The routes of the storage API, with the replies that its hands-on documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.application_plane.storage import schemas
from stacks.platform.routes import route
from tenantry.isolation.api import Access, Answer
from tenantry.model.roles import READERS, WRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Route

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


def _refused(text: str) -> Answer:
    return Answer(text, schemas.REFUSED)


_REFUSED: Final = {
    400: _refused("Unknown partition mode, or malformed key or body; `invalid` names the field"),
    401: _refused("Missing or invalid token, or the session has ended"),
    403: _refused("Valid token, not authorized for this resource"),
    413: _refused("The request body or the reply exceeds 6 MB (quotes, backslashes and line feeds count twice)"),
    409: _refused("`Expected-Tenant` names another tenant than the one this request would act in"),
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
        route(
            "GET /token",
            "Issue a token for any tenant and user; for the hands-on and for operators",
            {
                200: Answer("The token, valid for one hour", schemas.TOKEN),
                400: _refused("Malformed tenant or user id"),
                401: Answer("Missing header", schemas.NO_CALLER),
            },
            handler=issuer,
            access=Access.OPEN if tokens_are_open else Access.IAM,
            parameters=[schemas.FOR_TENANT, schemas.FOR_USER],
        ),
        route(
            "PUT /object",
            "Store an object of the caller",
            {201: Answer("Stored", schemas.STORED), **_REFUSED},
            handler=objects,
            roles=WRITERS,
            takes=schemas.NEW_OBJECT,
            parameters=[schemas.PARTITION],
        ),
        route(
            "GET /object",
            "List the caller's objects, or read one object",
            {
                200: Answer("The caller's keys, or the object's content", schemas.FOUND),
                404: _refused("Object not found among the caller's objects"),
                **_REFUSED,
            },
            handler=objects,
            roles=READERS,
            parameters=[schemas.PARTITION, schemas.KEY, schemas.KEYS_AFTER, schemas.KEYS_LIMIT],
        ),
    ]
