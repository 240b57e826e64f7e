"""How routes, results and errors become replies."""

from __future__ import annotations

import io
import json
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.model import errors
from tenantry.model.caller import Caller
from tenantry.model.identifiers import UserId
from tenantry.runtime import observability
from tenantry.runtime.observability import observed
from tenantry.runtime.replies import PlainReplies, StatusReplies
from tenantry.runtime.rest import Request, created, no_content, rest_handler
from tenantry.runtime.statuses import raise_for, status_of
from tests.lambdas.events import Context, proxy_event

if TYPE_CHECKING:
    from collections.abc import Iterable

_ERRORS = [
    (errors.BadRequestError("x"), 400),
    (errors.UnauthorizedError("x"), 401),
    (errors.ForbiddenError("x"), 403),
    (errors.NotFoundError("x"), 404),
    (errors.ConflictError("x"), 409),
    (errors.UnexpectedTenantError(), 409),
    (errors.TooLargeError("x"), 413),
    (errors.TenancyError("x"), 500),
    (errors.UnfinishedError("x"), 502),
]


def _find(request: Request) -> object:
    return {"found": request.path["id"]}


def _remove(_request: Request) -> None:
    return None


_ROUTES: Any = {
    "GET /things/{id}": _find,
    "POST /things/{id}": created(_find),
    "DELETE /things/{id}": no_content(_remove),
}


def _call(route: str, routes: Any = None, replies: PlainReplies | None = None) -> tuple[int, Any]:  # noqa: ANN401
    more = {"replies": replies} if replies else {}
    handler = rest_handler(routes or _ROUTES, cors_headers={}, **more)
    answer = handler(proxy_event(path={"id": "x"}, authorizer=None, route=route), Context())
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def _failing(error: Exception) -> Any:  # noqa: ANN401 - a table of routes
    def use_case(_request: Request) -> None:
        raise error

    return {"GET /": use_case}


@pytest.mark.parametrize(
    ("method", "reply"), [("GET", (200, {"found": "x"})), ("POST", (201, {"found": "x"})), ("DELETE", (204, None))]
)
def test_success_status_is_declared_beside_the_route(method: str, reply: tuple[int, Any]) -> None:
    assert _call(f"{method} /things/{{id}}") == reply


@pytest.mark.parametrize("route", ["PUT /things/{id}", "GET /things", "GET /things/{other}", " "])
def test_unknown_route_fails_and_is_logged(route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(observability.logger, "stream", written)

    assert _call(route) == (500, {"message": "Internal server error"})
    assert f"No use case for {route!r}: this function has DELETE /things/{{id}}" in written.getvalue()


@pytest.mark.parametrize(("error", "status"), _ERRORS, ids=lambda value: type(value).__name__)
def test_error_has_one_status(error: errors.TenancyError, status: int) -> None:
    assert _call("GET /", _failing(error)) == (status, {"message": str(error)})
    assert _call("GET /", _failing(error), StatusReplies()) == (
        status,
        {"status": HTTPStatus(status).phrase, "result": {"invalid": str(error)}},
    )
    with pytest.raises(errors.TenancyError) as raised:
        raise_for(status, "x")
    assert status_of(raised.value) == status


def test_every_error_of_the_model_is_tested() -> None:
    assert set(_subclasses(errors.TenancyError)) <= {type(error) for error, _ in _ERRORS}


def test_error_without_own_status_has_that_of_its_base() -> None:
    class MissingError(errors.NotFoundError):
        pass

    assert status_of(MissingError("x")) == HTTPStatus.NOT_FOUND


def test_results_in_the_hands_on_format_carry_the_status() -> None:
    assert _call("POST /things/{id}", replies=StatusReplies()) == (
        201,
        {"status": "Created", "result": {"found": "x"}},
    )


def test_success_raises_nothing() -> None:
    raise_for(200, "")


_HOSTILE: Any = {"userId": "eve", "tenantId": "ohio", "USERID": "eve"}


@pytest.mark.parametrize("authorizer", [None, {}, {"tenantId": "texas"}])
def test_caller_is_never_read_from_what_a_caller_sends(authorizer: dict[str, str] | None) -> None:
    request = _request(authorizer)

    with pytest.raises(errors.UnauthorizedError):
        request.caller  # noqa: B018 - it is read


def test_headers_add_nothing_to_the_authorizers_caller() -> None:
    assert _request({"userId": "ada"}).caller == Caller(user_id=UserId("ada"), tenant_id=None)
    assert _request({"userId": "ada", "tenantId": "texas"}).caller.tenant_id == "texas"


def _request(authorizer: dict[str, str] | None) -> Request:
    content = json.dumps(_HOSTILE).encode()
    return Request(path=_HOSTILE, query=_HOSTILE, headers=_HOSTILE, authorizer=authorizer, content=content)


@pytest.mark.parametrize("routes", [_ROUTES, _failing(errors.ForbiddenError("x")), _failing(KeyError("x"))])
@pytest.mark.parametrize("route", ["GET /things/{id}", "GET /"])
def test_no_reply_is_stored(routes: Any, route: str) -> None:  # noqa: ANN401 - a table of routes
    handler = rest_handler(routes, cors_headers={"Cache-Control": "public"})

    answer = handler(proxy_event(path={"id": "x"}, authorizer=None, route=route), Context())

    assert answer["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("error", [errors.ForbiddenError("x"), KeyError("x")])
def test_failures_log_nothing_of_the_event(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(observability.logger, "stream", written)
    event = {
        **proxy_event(path={"id": "in-path"}, authorizer={"userId": "ada"}, body="in-body", query={"q": "in-query"}),
        "headers": {"Authorization": "Bearer in-header"},
    }

    rest_handler(_failing(error), cors_headers={})(event, Context())

    assert written.getvalue()
    assert "in-" not in written.getvalue()


def test_traces_have_neither_replies_nor_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-a-b;Parent=c;Sampled=1")

    def annotate() -> None:
        observability.tracer.put_annotation("tenant", "t-1")

    def replying(_event: object, _context: object) -> dict[str, str]:
        annotate()
        return {"body": "a secret of the reply"}

    def failing(_event: object, _context: object) -> None:
        annotate()
        raise ValueError("a secret of the error")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
        assert observed(replying)({}, Context())
        with pytest.raises(ValueError, match="a secret"):
            observed(failing)({}, Context())
        sent = [daemon.recv(4096).decode() for _ in range(2)]

    assert all('"tenant": "t-1"' in each for each in sent)
    assert not any("secret" in each for each in sent)


def _subclasses(kind: type[errors.TenancyError]) -> Iterable[type[errors.TenancyError]]:
    """Return the errors of the model that are derived from one."""
    for found in kind.__subclasses__():
        if found.__module__ == errors.__name__:
            yield found
            yield from _subclasses(found)
