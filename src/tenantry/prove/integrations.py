"""What an API asks of other services: the calls of its direct integrations, for every request.

What binds the tenant of a call is what its method's authorization says. A `TenantAuthorizer` finds the tenant, and
accepts a path with ``{tenantId}`` only where that is the tenant. Where IAM authorizes, the path's tenant is the
caller's if every grant of `execute-api:Invoke` says so, which is proven of APIs that declare it (`By.PATH`).

Sources: https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.authorizer_context import TENANT_ID, context_path
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import STORES, Store
from tenantry.model.stores import By as StoredBy
from tenantry.model.variables import ROUTES, TOKEN_HEADER
from tenantry.prove.calls import Call, injection
from tenantry.prove.keys import AUTHORIZED, Fault, Tenants
from tenantry.prove.mapping_templates import printed
from tenantry.prove.structures import InjectionError, MalformedError, Object, Value, read_form, read_json
from tenantry.prove.texts import By, Given, Printed, is_literal, literal, text
from tenantry.prove.velocity import UnreadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.prove.assembly import Assembly, Resource

_URI: Final = re.compile(r"arn:[\w-]+:apigateway:[^:]*:(?:[^:.]+\.)?([\w-]+):(action|path)/(.+)")
_SERVER: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[^?#]*)?")
_FUNCTION: Final = re.compile(r"2015-03-31/functions/(.+)/invocations")
_PARAMETER: Final = re.compile(r"\{(\w+)\+?\}")
_FIXED: Final = re.compile(r"'[^']*'")
_TENANT_HEADER: Final = "integration.request.header.X-Amz-Tenant-Id"
_CONTENT_TYPE: Final = "integration.request.header.Content-Type"
_PATH_TENANT: Final = "tenantId"
PATH_TENANT: Final = Given(By.PATH, f"$input.params('{_PATH_TENANT}')")
"""The tenant of the request's path."""


@dataclass(frozen=True)
class Method:
    """A method of an API, with its integration.

    Attributes
    ----------
    resource
        Its resource in the template.
    verb, path
        Such as ``POST`` and ``/{tenantId}``.
    tenants
        What its authorization says about the tenant.
    """

    resource: Resource
    verb: str
    path: str
    tenants: Tenants

    @property
    def integration(self) -> dict[str, Any]:
        """The integration as the template has it."""
        found: dict[str, Any] = self.resource.properties.get("Integration", {})
        return found

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of the path's parameters."""
        return frozenset(_PARAMETER.findall(self.path))


@dataclass(frozen=True)
class Asked:
    """A call that an integration makes, or what is wrong with how it is made.

    Attributes
    ----------
    call
        The call, None if there is none.
    fault
        What is wrong.
    template
        The mapping template.
    """

    call: Call | None = None
    fault: Fault | None = None
    template: str = ""


def methods(assembly: Assembly) -> Iterator[Method]:
    """Yield every method of every REST API, with what binds its tenant."""
    paths = _Paths(assembly)
    for resource in assembly.resources("AWS::ApiGateway::Method"):
        verb, path = str(resource.properties.get("HttpMethod", "")), paths.of(resource)
        yield Method(resource, verb, path, _tenants(assembly, resource, verb, path))


def asked(method: Method) -> Iterator[Asked]:
    """Yield the calls that a method's integration makes, and what is wrong with how it makes them."""
    integration = method.integration
    match integration.get("Type", "MOCK"):
        case "MOCK":
            return
        # A server of somebody's, which API Gateway calls as anybody could: no role of this account goes with the call.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html
        case "HTTP" | "HTTP_PROXY" if _SERVER.fullmatch(str(integration.get("Uri", ""))):
            return
        case "AWS_PROXY":
            yield from _proxied(method)
        case "AWS":
            yield from _mapped(method)
        case kind:
            yield Asked(fault=Fault(f"an integration of type {kind} is not known to the prover"))


def _proxied(method: Method) -> Iterator[Asked]:
    """Yield what is wrong with the header that says whose execution environment of a function answers."""
    for name, source in (method.integration.get("RequestParameters") or {}).items():
        if name != _TENANT_HEADER:
            continue
        if source != f"context.{context_path(TENANT_ID)}" or AUTHORIZED not in method.tenants.parts:
            sends = {source: "globex"} if source.startswith("method.request.") else None
            yield Asked(fault=Fault(f"X-Amz-Tenant-Id is {source}, which is not the request's tenant", source, sends))


def _mapped(method: Method) -> Iterator[Asked]:
    integration = method.integration
    templates = integration.get("RequestTemplates") or {}
    uri = _URI.fullmatch(str(integration.get("Uri", "")))
    if uri is None or set("{$") & set(uri[0]):
        yield Asked(fault=Fault(f"the integration's address {integration.get('Uri')!r} is not known to the prover"))
        return
    passes = integration.get("PassthroughBehavior") or "WHEN_NO_MATCH"
    if passes == "WHEN_NO_MATCH" or (passes == "WHEN_NO_TEMPLATES" and not templates):
        sent = {"Content-Type": "text/plain", "$input.body": "a request about what is globex's"}
        fault = Fault(f"a body of another content type passes as it is (PassthroughBehavior {passes})", sends=sent)
        yield Asked(fault=fault)
    for name, source in (integration.get("RequestParameters") or {}).items():
        if name != _CONTENT_TYPE or not _FIXED.fullmatch(str(source)):
            sends = {source: "globex"} if str(source).startswith("method.request.") else None
            yield Asked(fault=Fault(f"{name} is {source}, which is not known to the prover", str(source), sends))
    for template in map(str, templates.values()):
        try:
            ways = printed(template, path_parameters=method.parameters)
        except UnreadError as error:
            yield Asked(fault=Fault(f"the template is not read: {error}"), template=template)
            continue
        for way in ways:
            yield _one(method, uri, way, template)


def _one(method: Method, uri: re.Match[str], way: Printed, template: str) -> Asked:
    service, kind, rest = uri.groups()
    try:
        if kind == "path" and service == "sqs":
            fields = read_form(way.text, way.facts)
            action = literal(fields.pop("Action", ()))
            if not action:
                return Asked(fault=Fault("the form's Action is not written in the template"), template=template)
            request: Value = Object({"QueueUrl": text(rest), **fields})
        elif kind == "action":
            action, request = rest, read_json(way.text, way.facts)
        elif service == "lambda" and (function := _FUNCTION.fullmatch(rest)):
            payload = read_json(way.text, way.facts)
            action, request = "Invoke", Object({"FunctionName": text(function[1]), "Payload": payload})
        else:
            return Asked(fault=Fault(f"{service}:{kind}/{rest} is not known to the prover"), template=template)
    except InjectionError as error:
        return Asked(fault=injection(error, way.facts), template=template)
    except MalformedError as error:
        if is_literal(way.text) and kind == "action":
            return Asked()  # the same text for everybody, which the service refuses
        return Asked(fault=Fault(f"the request cannot be read: {error}"), template=template)
    return Asked(Call(service, action, request, way.facts, method.tenants), template=template)


def _tenants(assembly: Assembly, method: Resource, verb: str, path: str) -> Tenants:
    """Return what a method's authorization says about the tenant."""
    properties = method.properties
    match properties.get("AuthorizationType", "NONE"):
        case "AWS_IAM" if _is_declared(assembly, str(properties.get("RestApiId", "")), path):
            return Tenants(frozenset({PATH_TENANT}))
        case "CUSTOM":
            routes = _routes(assembly, str(properties.get("AuthorizerId", "")))
            if routes is None:
                return Tenants(frozenset())
            bound = any(rule.split()[:2] == [verb, path] for rule in routes) and f"{{{_PATH_TENANT}}}" in path
            return Tenants(frozenset({AUTHORIZED, PATH_TENANT} if bound else {AUTHORIZED}))
    return Tenants(frozenset())


def _is_declared(assembly: Assembly, api: str, path: str) -> bool:
    """Return whether an API declares where a path names the tenant, so that it is proven who may call it."""
    declared = [
        one.metadata.get(STORES, []) for one in assembly.resources("AWS::ApiGateway::RestApi") if one.name == api
    ]
    stores = [store for one in declared for store in map(Store.read, one) if store.by is StoredBy.PATH]
    forms = [form.replace(TENANT_IN_NAME, f"{{{_PATH_TENANT}}}") for store in stores for form in store.forms]
    return path in {f"/{form}" for form in forms}


def _routes(assembly: Assembly, authorizer: str) -> list[str] | None:
    """Return the rules of an authorizer's routes; None if it is not one of a `TenantAuthorizer`."""
    for resource in assembly.resources("AWS::ApiGateway::Authorizer"):
        if resource.name == authorizer:
            variables = _variables(assembly, resource)
            return str(variables[ROUTES]).splitlines() if ROUTES in variables else None
    return None


def token_header(assembly: Assembly, authorizer: Resource) -> str:
    """Return the header in which a `TenantAuthorizer` finds tokens; empty if it is none."""
    return str(_variables(assembly, authorizer).get(TOKEN_HEADER, ""))


def _variables(assembly: Assembly, authorizer: Resource) -> Mapping[str, Any]:
    """Return the environment of an authorizer's function."""
    function = _FUNCTION.search(str(authorizer.properties.get("AuthorizerUri", "")))
    found = assembly.by_arn.get(function[1]) if function else None
    variables: Mapping[str, Any] = found.properties.get("Environment", {}).get("Variables", {}) if found else {}
    return variables


class _Paths:
    """The paths of an API's resources."""

    def __init__(self, assembly: Assembly) -> None:
        self._resources = {resource.name: resource for resource in assembly.resources("AWS::ApiGateway::Resource")}

    def of(self, method: Resource) -> str:
        """Return the path of a method."""
        segments: list[str] = []
        name = str(method.properties.get("ResourceId", ""))
        while (resource := self._resources.get(name)) is not None:
            segments.insert(0, str(resource.properties["PathPart"]))
            name = str(resource.properties["ParentId"])
        return "/" + "/".join(segments)
