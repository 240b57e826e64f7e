"""Integrations of API Gateway with an AWS service: no function in between, and nothing that a caller could rewrite."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import service_principal
from tenantry.isolation.direct.mapping_template import (
    BodyJson,
    ContextText,
    ExpectedTenant,
    Joined,
    PathText,
    Text,
    When,
    form_template,
    reply_template,
    request_template,
)
from tenantry.isolation.direct.template_statements import Statements, UnsafeTemplateError
from tenantry.isolation.documentation import JSON, Answer, Schema
from tenantry.model.authorizer_context import TENANT_ID, context_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aws_cdk import aws_kms as kms

    from tenantry.isolation.direct.mapping_template import Condition
    from tenantry.isolation.direct.template_statements import Value

RETRY_AFTER: Final = "Retry-After"
RETRY_SECONDS: Final = 1
ANOTHER_TENANT: Final = "Expected-Tenant names another tenant than the one this request would act in"
"""What is said with 409 where the header differs, and in no other refusal."""
# Whose the thing is that a request is about.
_TENANTS: Final = (ContextText(context_path(TENANT_ID)), PathText("tenantId"))
# Their error types, as they are in every service's replies.
_THROTTLED: Final = ".*(Throttl|Throughput|TooManyRequests|LimitExceeded|RequestLimit|ExecutionLimit).*"
_REFUSED: Final = (
    ".*(ValidationException|InvalidArgumentException|SerializationException|InvalidExecutionInput"
    "|MissingParameter|InvalidParameterValue)"
)
_TOO_LARGE: Final = "(?s).*([sS]ize|length less than or equal to).*"
_JSON_1_0: Final = frozenset({"dynamodb", "sqs", "states"})
_SERVER_ERROR: Final = "Internal server error"
# Fields that say whose a thing is: a caller's text can follow the tenant in one, and never take its place.
_KEYS: Final = frozenset({"PartitionKey", "ExplicitHashKey", "MessageGroupId", "Key"})
_SEPARATOR: Final = re.compile(r"[^A-Za-z0-9-]")  # in no tenant id
# Fields that name a resource, in any spelling.
_RESOURCE: Final = re.compile(
    r"(stream|table|index|queue|topic|target|bucket|function|state_?machine|activity)_?(name|arn|url|id)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class ServiceReply:
    """What a route answers when the service has done it.

    Attributes
    ----------
    body
        JSON with blocks in it, which read the service's reply.
    status
        The status, such as 200.
    statuses
        Other statuses, by what must hold of the reply.
    """

    body: Value
    status: int = 200
    statuses: Sequence[tuple[Condition, int]] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceError:
    """What a route answers to a service's error: ``ConditionalCheckFailedException``, say.

    Attributes
    ----------
    status
        The status, such as 409.
    message
        What is said of it.
    """

    status: int
    message: str


@dataclass(frozen=True, kw_only=True)
class ServiceAction:
    """The one thing that an integration may do.

    Attributes
    ----------
    service, action
        Such as ``kinesis`` and ``PutRecord``: API Gateway's name of the service, which is IAM's as well.
    resource_arn
        On what.
    target
        The fields of the request that name the resource. The stack says them; a request cannot.
    key
        What the resource is encrypted with, if the caller of the service must be let use it.
    own_fields
        Fields of the request that decide whose a thing is, beside those of that name in every service: the key
        attributes of a table, and the values that stand for them in expressions.
    conditions
        What the role's grant is bound to.
    index_arns
        The indexes of the resource that it may be done on as well.
    impossible
        Fields with which the role may make a request, and the service refuses it: where the target alone does not do.
    path
        Where the service is reached, if it takes a form there and no JSON: SQS does, at a queue's path. The action must
        require a field that the target does not give: without it, as it is sent where a guard does not hold, SQS
        refuses the request with 400 and `MissingParameter`. What it answers to a form without an action has changed
        with its protocols, and is not documented for a queue's path.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    """

    service: str
    action: str
    resource_arn: str
    target: Mapping[str, str]
    key: kms.IKey | None = None
    own_fields: Collection[str] = ()
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    index_arns: Sequence[str] = ()
    impossible: Mapping[str, Value] = field(default_factory=dict)
    path: str = ""

    @property
    def content_type(self) -> str:
        """What the service takes."""
        if self.path:
            return "application/x-www-form-urlencoded"
        return f"application/x-amz-json-{'1.0' if self.service in _JSON_1_0 else '1.1'}"

    @property
    def uri_path(self) -> str:
        """How API Gateway names what is called."""
        return f"path/{self.path}" if self.path else f"action/{self.action}"

    def request(
        self, fields: Mapping[str, Value], guards: Sequence[Condition], *, expected: Sequence[Condition] = ()
    ) -> str:
        """Return the template of the request.

        Where a guard does not hold it is on the resource, so that the role is not what refuses it, and cannot be done:
        the service refuses it, with 400. Who gives neither guards nor `impossible` has not said that the target alone
        cannot be done (a scan can), so that what is sent where the tenant is not the expected one is no JSON.
        """
        conditions = [*expected, *guards]
        if self.path:
            named = {"Action": self.action, **self.target}
            return form_template({**named, **fields}, guards=conditions, otherwise=named)
        said = guards or self.impossible
        otherwise: Value = {**self.target, **self.impossible} if said else _NoJson()
        return request_template({**self.target, **fields}, guards=conditions, otherwise=otherwise)


class ServiceIntegration(Construct):
    """Calls one action of an AWS service on one resource; what a caller sends is a value in the request, never a part.

    Isolation: the resource is named by the stack. Keys begin with what API Gateway knows: the path or the authorizer's
    context. Everything else is a whole JSON value or escaped text. A content type other than JSON is refused, errors
    of the service say nothing of it, and the role can do this one thing. Where the request is about the tenant of the
    path or of the authorizer's context, a header `Expected-Tenant` that names another one is answered with 409, and
    nothing is done.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    action
        What it does, on what.
    request
        The rest of the request: JSON with blocks in it.
    guards
        What must hold of the request; else it is answered with 400.
    reply
        What is answered when it is done.
    refusal
        What is said with 400, whether API Gateway's template or the service refuses: what a request must be.
    errors
        What is answered to errors of the service, by their type. Throttling, refusals and sizes have answers already.
    held_to
        What API Gateway holds a body to, where that is less than the route takes, so that `refusal` can say what is
        wrong with the rest: API Gateway's own refusal is the same for all routes. The guards must see to it.

    Raises
    ------
    UnsafeTemplateError
        A request that names a resource, or a key that a caller would choose.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        action: ServiceAction,
        request: Mapping[str, Value],
        reply: ServiceReply,
        refusal: str,
        guards: Sequence[Condition] = (),
        errors: Mapping[str, ServiceError] | None = None,
        held_to: Schema | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._held_to = held_to
        _check_names(request, _KEYS.union(action.own_fields))
        self._blocks = list(_blocks([request, guards]))
        self._action = action
        self._reply = reply
        expected = [ExpectedTenant(tenant) for tenant in _TENANTS if tenant in self._blocks]
        self._request = action.request(request, guards, expected=expected)
        self._errors = _error_template(refusal, errors or {}, expected)
        self._answers = {**(_DIFFERS if expected else {}), **_answers(reply, errors or {})}
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=service_principal(self, "apigateway.amazonaws.com"),
            description=f"Lets an API call {action.service}:{action.action}",
        )
        self._grants = [
            iam.Grant.add_to_principal(
                grantee=self._role,
                actions=[f"{action.service}:{action.action}"],
                resource_arns=[action.resource_arn, *action.index_arns],
                conditions=action.conditions or None,
            )
        ]
        if action.key:  # who writes to a stream or a table makes its data keys
            self._grants.append(action.key.grant(self._role, "kms:GenerateDataKey"))

    @property
    def held_to(self) -> Schema | None:
        """What API Gateway holds a body to; None if that is all that the route takes."""
        return self._held_to

    @property
    def answers(self) -> Mapping[int, Answer]:
        """What it may answer, by status."""
        return self._answers

    @property
    def path_parameters(self) -> set[str]:
        """The parameters of the path that it reads."""
        return {block.name for block in self._blocks if isinstance(block, PathText)}

    @property
    def reads_authorizer(self) -> bool:
        """Whether it reads what an authorizer says."""
        return any(isinstance(block, ContextText) and block.name.startswith("authorizer.") for block in self._blocks)

    def integration(self, headers: Mapping[str, str]) -> apigateway.Integration:
        """Return the integration.

        Parameters
        ----------
        headers
            What every answer carries.
        """
        stack = Stack.of(self)
        fixed = {f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()}
        again = {**fixed, f"method.response.header.{RETRY_AFTER}": f"'{RETRY_SECONDS}'"}
        reply = self._reply
        return apigateway.Integration(
            type=apigateway.IntegrationType.AWS,
            integration_http_method="POST",
            uri=f"arn:{stack.partition}:apigateway:{stack.region}:{self._action.service}:{self._action.uri_path}",
            options=apigateway.IntegrationOptions(
                credentials_role=self._role,
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                request_parameters={"integration.request.header.Content-Type": f"'{self._action.content_type}'"},
                request_templates={JSON: self._request},
                integration_responses=[
                    _response(reply.status, r"2\d{2}", reply_template(reply.body, statuses=reply.statuses), fixed),
                    _response(400, r"4\d{2}", self._errors, fixed),
                    _response(503, r"5\d{2}", _message("The service is temporarily unavailable; try again"), again),
                    _response(500, None, _message(_SERVER_ERROR), fixed),
                ],
            ),
        )

    def ready(self, method: apigateway.Method) -> None:
        """Let a method be there only once the role may do its work."""
        for grant in self._grants:
            grant.apply_before(method)


@dataclass(frozen=True)
class _NoJson:
    """What no service with a JSON protocol takes for a request."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:  # noqa: ARG002 - as its kind does
        """Return what prints it."""
        return "refused"


def _response(
    status: int, pattern: str | None, template: str, headers: Mapping[str, str]
) -> apigateway.IntegrationResponse:
    return apigateway.IntegrationResponse(
        status_code=str(status),
        selection_pattern=pattern,
        response_templates={JSON: template},
        response_parameters=headers,
    )


def _message(text: str) -> str:
    return reply_template({"message": text})


def _error_template(refusal: str, errors: Mapping[str, ServiceError], expected: Sequence[ExpectedTenant]) -> str:
    """Return what is printed for a status of 4xx: most services give it for everything that is not their own fault.

    A reply does not say which guard has failed, so that the one of the expected tenant is asked again: a reply's
    template sees the parameters of the request and the authorizer's context as well.
    """
    statements = Statements()
    differs = [f"!{tenant.expression(statements)}" for tenant in expected]
    cases = [(f".*{re.escape(kind)}", error) for kind, error in errors.items()]
    branches = [
        *((condition, 409, ANOTHER_TENANT) for condition in differs),
        *((f"$type.matches('{pattern}')", error.status, error.message) for pattern, error in cases),
        (f"$type.matches('{_THROTTLED}')", 429, "Too many requests; try again later"),
        (f"$type.matches('{_REFUSED}') && $text.matches('{_TOO_LARGE}')", 413, "The request is too large"),
        (f"$type.matches('{_REFUSED}')", 400, refusal),
    ]
    lines = [
        *str(statements).splitlines(),
        # One spelling each in three protocols.
        """#set($type = "$!{input.path('$.__type')}$!{input.path('$.Error.Code')}")""",
        """#set($text = "$!{input.path('$.message')}$!{input.path('$.Message')}$!{input.path('$.Error.Message')}")""",
    ]
    for number, (condition, status, message) in enumerate(branches):
        lines += [f"#{'else' if number else ''}if({condition})", *_overrides(status), _message(message)]
    return "\n".join([*lines, "#else", *_overrides(500), _message(_SERVER_ERROR), "#end"])


def _overrides(status: int) -> list[str]:
    lines = [] if status == 400 else [f"#set($context.responseOverride.status = {status})"]  # noqa: PLR2004 - HTTP's
    if status == 429:  # noqa: PLR2004 - HTTP's
        lines.append(f"#set($context.responseOverride.header.{RETRY_AFTER} = '{RETRY_SECONDS}')")
    return lines


def _answers(reply: ServiceReply, errors: Mapping[str, ServiceError]) -> Mapping[int, Answer]:
    refusals = {error.status: Answer.refusal(error.message) for error in errors.values()}
    replies = {status: Answer("Done") for status in (reply.status, *(s for _, s in reply.statuses))}
    return {**_ANSWERS, **refusals, **replies}


_DIFFERS: Final[Mapping[int, Answer]] = {409: Answer.refusal("`Expected-Tenant` names another tenant")}
_ANSWERS: Final[Mapping[int, Answer]] = {
    400: Answer.refusal("Malformed request; the message names the field"),
    413: Answer.refusal("The request exceeds the size limit of API Gateway or the service"),
    415: Answer.refusal("Unsupported content type; send application/json"),
    500: Answer.refusal("Internal server error"),
    503: Answer.refusal("The service is temporarily unavailable; try again after `Retry-After` seconds"),
}


def _check_names(request: Mapping[str, Value], keys: Collection[str]) -> None:
    for name, value in request.items():
        sometimes = isinstance(value, When) and isinstance(value.value, str)  # an index, as the stack names it
        if _RESOURCE.fullmatch(name) and not sometimes:
            raise UnsafeTemplateError(
                f"{name!r} names a resource. The stack chooses it: pass it in the target, not in the request."
            )
    for name, value in _members(request):
        if name in keys and not _begins_with_a_fact(value):
            raise UnsafeTemplateError(
                f"{name!r} decides whose a thing is: begin it with the tenant of the path or of the authorizer's "
                f"context, and a separator after that, not with {value!r}."
            )


def _begins_with_a_fact(value: Any) -> bool:  # noqa: ANN401 - a value of a template
    """Return whether a key begins with the id that the caller is authorized for, and with a separator after it."""
    match value:
        case PathText(name="tenantId"):  # which IAM or the authorizer has authorized the caller for
            return True
        case ContextText(name=name):
            return name.startswith("authorizer.")
        case Joined(parts=(PathText() | ContextText() as first, str() as separator, *_)):
            return _begins_with_a_fact(first) and bool(_SEPARATOR.match(separator))
        case dict() if value:  # DynamoDB's keys: the first is the partition's, a type around each
            return _begins_with_a_fact(next(iter(value.values())))
        case _:
            return False


def _members(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a value of a template
    if isinstance(value, dict):
        yield from value.items()
    for part in _parts(value):
        yield from _members(part)


def _blocks(value: Any) -> Iterator[Any]:  # noqa: ANN401 - a value of a template
    if isinstance(value, Text | BodyJson):
        yield value
    for part in _parts(value):
        yield from _blocks(part)


def _parts(value: Any) -> Collection[Any]:  # noqa: ANN401 - a value of a template
    match value:
        case str():
            return []
        case dict():
            return value.values()
        case list() | tuple():
            return value
        case _:  # a block's fields
            return getattr(value, "__dict__", {}).values()
