"""The HTTP status of each error: the one place where the two meet."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tenantry.model import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES: Final[Mapping[type[errors.TenancyError], HTTPStatus]] = {
    errors.BadRequestError: HTTPStatus.BAD_REQUEST,
    errors.UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnfinishedError: HTTPStatus.BAD_GATEWAY,
    errors.TenancyError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of an error and of the errors derived from it that have none of their own."""


def status_of(error: errors.TenancyError) -> HTTPStatus:
    """Return the status that a caller gets for an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def raise_for(status: int, message: str) -> None:
    """Raise the error that a status stands for, or nothing for `HTTPStatus.OK`.

    Raises
    ------
    TenancyError
        The status is another one.
    """
    if status != HTTPStatus.OK:
        found = next((kind for kind, known in STATUSES.items() if known == status), errors.TenancyError)
        raise found(message)
