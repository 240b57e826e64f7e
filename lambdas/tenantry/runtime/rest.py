"""From an API Gateway proxy event to a reply: the one place where requests are read and errors become replies.

A function behind an API is a mapping of routes to use cases. A use case takes a `Request` and returns its result, or
raises an error of `tenantry.model.errors`. Which status either has is declared here and beside the route, nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenantry.model.authorizer_context import TENANT_ID
from tenantry.model.caller import Caller
from tenantry.model.errors import BadRequestError, TenancyError, TooLargeError, UnexpectedTenantError
from tenantry.runtime.inputs import InputError, read_json
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import logger, observed, tracer
from tenantry.runtime.replies import PlainReplies
from tenantry.runtime.settings import Settings
from tenantry.runtime.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXPECTED_TENANT: Final = "expected-tenant"
"""The request header in which a caller may name the tenant that they mean."""
REPLY_BYTES: Final = 6 * 1024 * 1024
"""What Lambda takes of an answer: of the whole of it as JSON, in which the body is a string, with escapes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_PLAIN: Final = PlainReplies()

Model = TypeVar("Model")


class RestSettings(Settings):
    """Base of the settings of a function behind a REST API.

    Attributes
    ----------
    cors_headers
        What the API sends on its own replies, and expects on the function's.
    """

    cors_headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a route needs of a request.

    Attributes
    ----------
    path, query, headers
        The path and query parameters, and the headers.
    authorizer
        The authorizer's context; None on a route that IAM authorizes.
    content
        The body, decoded from base64 where API Gateway encoded it.
    principal
        ARN of who has signed the request, on a route that IAM authorizes.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    authorizer: Mapping[str, Any] | None
    content: bytes
    principal: str = ""

    @property
    def caller(self) -> Caller:
        """The caller, as the authorizer verified them.

        Raises
        ------
        UnauthorizedError
            The request did not pass the tenant authorizer.
        """
        return Caller.from_authorizer(self.authorizer)

    def limit(self, most: int) -> int:
        """Return the query parameter ``limit``; `most` if there is none.

        Raises
        ------
        BadRequestError
            It is no number from 1 to `most`.
        """
        text = self.query.get("limit", str(most))
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise BadRequestError(f"Invalid limit: use a number from 1 to {most}")
        return int(text)

    def body(self, model: type[Model]) -> Model:
        """Return the body as `model`.

        Raises
        ------
        BadRequestError
            It is not, and this says where and why, without repeating what was sent. A field that is given twice is
            refused as well: whoever looks at the body besides might take the other one.
        """
        try:
            read = read_json(self.content, model)
        except InputError as error:
            raise BadRequestError(f"Invalid request body: {error}") from None
        json.loads(self.content, object_pairs_hook=_each_once)
        return read


def _check_expected_tenant(headers: Mapping[str, str], authorizer: Mapping[str, Any] | None) -> None:
    """Refuse a request whose caller means another tenant than the one that it would act in.

    It is checked behind the authorizer: API Gateway may have kept the policy of an earlier request.
    """
    if authorizer is None:  # IAM has authorized it, and no tenant is active
        return
    for name, value in headers.items():
        if name.lower() == EXPECTED_TENANT and value != authorizer.get(TENANT_ID):
            raise UnexpectedTenantError


def _each_once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise BadRequestError("Invalid request body: a field appears twice")


class UnknownRouteError(Exception):
    """API Gateway sends the function a route for which it has no use case: the two were not deployed together."""


@dataclass(frozen=True)
class Route:
    """A use case, and the status of its success.

    Attributes
    ----------
    use_case
        Takes the request and returns what is sent as JSON; nothing is sent for None.
    status
        Of the reply when the use case returns.
    """

    use_case: Callable[[Request], object]
    status: HTTPStatus = HTTPStatus.OK


def created(use_case: Callable[[Request], object]) -> Route:
    """Return a route that replies 201 when its use case returns."""
    return Route(use_case, HTTPStatus.CREATED)


def no_content(use_case: Callable[[Request], None]) -> Route:
    """Return a route that replies 204, without a body, when its use case returns."""
    return Route(use_case, HTTPStatus.NO_CONTENT)


def rest_handler(
    routes: Mapping[str, Callable[[Request], object] | Route],
    *,
    cors_headers: Mapping[str, str],
    replies: PlainReplies = _PLAIN,
) -> Any:  # noqa: ANN401 - as `observed` returns it
    """Make a Lambda handler of use cases.

    It logs under the request's correlation id and the caller's tenant, never the event; traces; counts replies by
    status and tenant; and turns errors into replies that say no more than the caller may know.

    Parameters
    ----------
    routes
        The use case of each route, named by method and path as API Gateway has them (``GET /tenant/{tenantId}``). A
        use case alone replies 200; see `created` and `no_content`. Any other route is a 500, as the function's own
        failures are, and the log names it.
    cors_headers
        Headers that every reply carries, refusals included.
    replies
        How results and errors become bodies.

    Examples
    --------
    >>> handler = rest_handler({"GET /tenant/{tenantId}": show}, cors_headers=settings.cors_headers)
    """
    known = {name: found if isinstance(found, Route) else Route(found) for name, found in routes.items()}

    @partial(observed, correlation_id_path="requestContext.requestId")
    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        authorizer = (event.get("requestContext") or {}).get("authorizer")
        tenant = (authorizer or {}).get(TENANT_ID, "none")
        logger.append_keys(tenant=tenant)
        tracer.put_annotation("tenant", tenant)
        answer = _proxy_answer(*_answer(known, replies, event, authorizer), cors_headers)
        if _is_too_large(answer):  # the caller would get a 502 that says nothing
            logger.info("refused", error=TooLargeError.__name__)
            error = TooLargeError("The reply exceeds 6 MB. Request fewer items")
            answer = _proxy_answer(*_refusal(error, replies), cors_headers)
        count({f"Replies{answer['statusCode'] // 100}xx": 1}, tenant=tenant)
        return answer

    return handler


def _proxy_answer(status: HTTPStatus, body: object, cors_headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {
            "Content-Type": "application/json",
            **cors_headers,
            "Cache-Control": "no-store",
        },
        "body": "" if body is None else json.dumps(body, ensure_ascii=False, default=_json),
    }


def _is_too_large(answer: Mapping[str, Any]) -> bool:
    # As Lambda's runtime writes it. A character takes four bytes at most, so that most answers need no second look.
    if len(answer["body"]) < REPLY_BYTES // 8:
        return False
    return len(json.dumps(answer, ensure_ascii=False).encode(errors="replace")) > REPLY_BYTES


def _answer(
    routes: Mapping[str, Route],
    replies: PlainReplies,
    event: Mapping[str, Any],
    authorizer: Mapping[str, Any] | None,
) -> tuple[HTTPStatus, object]:
    try:
        route = _find_route(routes, f"{event.get('httpMethod')} {event.get('resource')}")
        _check_expected_tenant(event.get("headers") or {}, authorizer)
        result = route.use_case(
            Request(
                path=event.get("pathParameters") or {},
                query=event.get("queryStringParameters") or {},
                headers=event.get("headers") or {},
                authorizer=authorizer,
                content=_content(event),
                principal=_principal(event),
            ),
        )
        return route.status, None if result is None else replies.result(result, route.status)
    except TenancyError as error:
        logger.info("refused", status=int(status_of(error)), error=type(error).__name__)
        return _refusal(error, replies)
    except Exception:
        logger.exception("failed")
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": "Internal server error"}


def _find_route(routes: Mapping[str, Route], name: str) -> Route:
    if name not in routes:
        raise UnknownRouteError(f"No use case for {name!r}: this function has {', '.join(sorted(routes))}")
    return routes[name]


def _refusal(error: TenancyError, replies: PlainReplies) -> tuple[HTTPStatus, object]:
    status = status_of(error)
    return status, replies.error(error, status)


def _principal(event: Mapping[str, Any]) -> str:
    identity = (event.get("requestContext") or {}).get("identity") or {}
    return identity.get("userArn") or ""


def _content(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise BadRequestError("Invalid request body: not UTF-8 text") from None


def present(**fields: object) -> dict[str, Any]:
    """Return the fields of a body that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _json(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
