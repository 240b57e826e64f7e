"""An API calls an AWS service with a request from a mapping template, under the integration's role.

AWS: an integration of type `AWS` with the URI `arn:aws:apigateway:{region}:{service}:action/{action}` renders the
request template of the content type, sends the result to the service as a session of the integration's role, picks an
integration response by the reply's status and renders its template. A template may override status and headers, each
once. With `path/{path}` in the place of the action, the result goes there as it is: to SQS as a form, whose reply
comes as JSON.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html

MiniStack: treats every such integration as one with a function, except those of SQS, which it calls without
evaluating policies; its templates support a few expressions only.

Here: as on AWS, with the templates of `vtl`.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from ministack.core.responses import new_uuid
from ministack.services import apigateway_v1

from tenantry.local.patching import Fields, Original, require, service_calls, vtl, wrap
from tenantry.local.settings import HOST

#: Both replace: _invoke_lambda_custom_v1.
AFTER = ("aws_lambda.payloads",)

_JSON = "application/json"
#: API Gateway's names of services that boto3 calls otherwise.
_MODELS = {"states": "stepfunctions", "monitoring": "cloudwatch"}
_TIMEOUT_SECONDS = 29


class _Once(Fields):
    """Overrides: each may be set once."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self and key not in {"header", "path", "querystring"}:
            raise ValueError(f"{key} is overridden twice")
        super().__setitem__(key, value)


@dataclass(kw_only=True)
class _Call:
    """A request on its way through an integration."""

    integration: Fields
    parameters: Mapping[str, Mapping[str, str]]
    context: Fields
    stage_variables: Mapping[str, str]
    body: str
    overrides: _Once = field(default_factory=lambda: _Once(header=_Once()))

    def render(self, template: str, body: str) -> str:
        return vtl.render(
            template,
            body=body,
            parameters=self.parameters,
            context={**self.context, "responseOverride": self.overrides},
            stage_variables=self.stage_variables,
        )


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_parse_service_integration_uri", "_gw_error", "_header_ci")
    wrap(apigateway_v1, "_invoke_lambda_custom_v1", _or_action)
    wrap(apigateway_v1, "_invoke_sqs_v1", _or_action)


async def _or_action(invoke: Original, integration: Fields, api: str, stage_name: str, *rest: Any, **named: Any) -> Any:
    target = apigateway_v1._parse_service_integration_uri(integration.get("uri", ""))
    if not target or target[1] == "lambda" or target[2] not in {"action", "path"}:
        return await invoke(integration, api, stage_name, *rest, **named)
    try:
        return await _invoke(target, integration, api, stage_name, *rest, **named)
    except service_calls.RefusedError as refused:
        apigateway_v1.logger.warning("API Gateway: %s", refused)
        return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
    except vtl.TemplateError as error:
        apigateway_v1.logger.warning("API Gateway: %s", error)
        return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")


async def _invoke(
    target: tuple[str, str, str, str],
    integration: Fields,
    api: str,
    stage_name: str,
    stage: Fields,
    resource: Fields,
    path: str,
    method: str,
    headers: Fields,
    body: bytes,
    query: Fields,
    path_parameters: dict[str, str],
    *,
    authorizer_context: Fields | None = None,
    caller_identity: Fields | None = None,
    **_: Any,
) -> Any:
    call = _Call(
        integration=integration,
        parameters={"path": dict(path_parameters or {}), "querystring": _single(query), "header": _single(headers)},
        context={
            "apiId": api,
            "authorizer": dict(authorizer_context or {}),
            "httpMethod": method,
            "identity": {"sourceIp": HOST, **(caller_identity or {})},
            "path": f"/{stage_name}{path}",
            "requestId": new_uuid(),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourceId": resource["id"],
            "resourcePath": resource["path"],
            "stage": stage_name,
        },
        stage_variables=stage.get("variables") or {},
        body=(body or b"").decode("utf-8", "replace"),
    )
    templates = integration.get("requestTemplates") or {}
    content_type = _media_type(apigateway_v1._header_ci(headers, "content-type") or _JSON)
    template = next((text for kind, text in templates.items() if _media_type(kind) == content_type), None)
    if template is None and (integration.get("passthroughBehavior") or "") == "WHEN_NO_TEMPLATES" and templates:
        return apigateway_v1._gw_error("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    request = call.body if template is None else call.render(template, call.body)
    status, reply = await asyncio.to_thread(_send, target, integration, request)
    accepted = _media_type(apigateway_v1._header_ci(headers, "accept") or _JSON)
    return _answer(call, status, reply, accepted)


def _send(target: tuple[str, str, str, str], integration: Fields, body: str) -> tuple[int, str]:
    """Send a request as the integration's role, and return the reply's status and text."""
    region, service, kind, name = target
    session = service_calls.role_session(
        integration.get("credentials") or "",
        service="apigateway.amazonaws.com",
        session_name="BackplaneAssumeRoleSession",
    )
    model = _model(service)
    fixed = {
        name.removeprefix("integration.request.header."): value[1:-1]
        for name, value in (integration.get("requestParameters") or {}).items()
        if name.startswith("integration.request.header.") and value.startswith("'")
    }
    by_path = kind == "path"
    request = AWSRequest(
        method="POST",
        url=f"{service_calls.endpoint()}/{name if by_path else ''}",
        data=body.encode("utf-8", "replace"),
        headers={
            "Content-Type": _JSON,
            **fixed,
            **({} if by_path else {"X-Amz-Target": f"{model['targetPrefix']}.{name}"}),
        },
    )
    credentials = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    SigV4Auth(credentials, model.get("signingName") or model["endpointPrefix"], region).add_auth(request)
    reply = _http().send(request.prepare())
    text = reply.content.decode("utf-8", "replace")
    return reply.status_code, _xml_as_json(text) if text.startswith("<") else text


def _xml_as_json(text: str) -> str:
    """Return the JSON that a service of the query protocol answers to who accepts it, as API Gateway does."""
    root = ET.fromstring(text)  # noqa: S314 - the emulator's own
    content = _members(root)
    name = _local_name(root)
    return json.dumps(content if name == "ErrorResponse" else {name: content})


def _members(element: ET.Element) -> Any:
    return {_local_name(child): _members(child) for child in element} if len(element) else element.text


def _local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


@lru_cache(1)
def _http() -> Any:
    make: Any = URLLib3Session  # its types know no bundle
    return make(verify=os.environ.get("AWS_CA_BUNDLE"), timeout=_TIMEOUT_SECONDS, max_pool_connections=50)


@lru_cache(32)
def _model(service: str) -> Fields:
    return dict(botocore.session.get_session().get_service_model(_MODELS.get(service, service)).metadata)


def _answer(call: _Call, status: int, reply: str, accepted: str) -> Any:
    responses = [response for response in (call.integration.get("integrationResponses") or {}).values() if response]
    matching = [r for r in responses if r.get("selectionPattern") and re.fullmatch(r["selectionPattern"], str(status))]
    chosen = next(iter([*matching, *(r for r in responses if not r.get("selectionPattern"))]), None)
    if chosen is None:
        return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
    templates = chosen.get("responseTemplates") or {}
    template = templates.get(accepted) or templates.get(_JSON)
    text = reply if template is None else call.render(template, reply)
    headers = {"Content-Type": _JSON}
    for name, value in (chosen.get("responseParameters") or {}).items():
        if value.startswith("'"):
            headers[name.removeprefix("method.response.header.")] = value[1:-1]
    headers.update({name: str(value) for name, value in call.overrides["header"].items()})
    return int(call.overrides.get("status") or chosen["statusCode"]), headers, text.encode("utf-8", "replace")


def _media_type(value: str) -> str:
    return value.split(",", 1)[0].split(";", 1)[0].strip().lower()


def _single(values: Mapping[str, Any] | None) -> dict[str, str]:
    given = {name: value for name, value in (values or {}).items() if value not in (None, [])}
    return {name: value if isinstance(value, str) else value[-1] for name, value in given.items()}
