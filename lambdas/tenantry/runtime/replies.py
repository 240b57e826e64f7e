"""How the bodies of replies look: plain, or in the format of the S3 hands-on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http import HTTPStatus

    from tenantry.model.errors import TenancyError


class PlainReplies:
    """Replies with what a use case returns, and with ``{"message": ...}`` for an error."""

    def result(self, result: object, _status: HTTPStatus) -> object:
        """Return the body for what a use case returned."""
        return result

    def error(self, error: TenancyError, _status: HTTPStatus) -> object:
        """Return the body for an error."""
        return {"message": str(error)}


class StatusReplies(PlainReplies):
    """Replies with ``{"status": ..., "result": ...}``, in which an error is ``{"invalid": ...}``."""

    def result(self, result: object, status: HTTPStatus) -> object:
        """Return the body for what a use case returned."""
        return {"status": status.phrase, "result": result}

    def error(self, error: TenancyError, status: HTTPStatus) -> object:
        """Return the body for an error."""
        return self.result(self.refusal(error), status)

    def refusal(self, error: TenancyError) -> object:
        """Return what an error's ``result`` is."""
        return {"invalid": str(error)}
