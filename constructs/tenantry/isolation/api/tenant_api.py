"""REST APIs whose every route is authorized: by the tenant authorizer, or by IAM."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from tenantry.functions import LOG, PythonFunction, acknowledge, acknowledge_wildcard, declare_store, service_principal
from tenantry.isolation.alarms import alarm
from tenantry.isolation.api.authorizer import ActsIn, SharedTokens, TenantAuthorizer
from tenantry.isolation.api.route import EXPECTED_TENANT, Access, Route
from tenantry.isolation.direct.service_integration import RETRY_AFTER, RETRY_SECONDS, ServiceIntegration
from tenantry.isolation.documentation import JSON, ApiDocumentation
from tenantry.isolation.validation import http_method
from tenantry.model.authorizer_context import TENANT_ID, context_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns

    from tenantry.functions import FunctionDefaults
    from tenantry.isolation.api.directory import Directory

#: The bodies of API Gateway's own replies: JSON, a template, or None for API Gateway's own text.
Refusals: TypeAlias = "Mapping[str, Mapping[str, Any] | str | None]"
_STAGE: Final = "prod"
_ALLOWED_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS")
_ALLOWED_HEADERS: Final = (
    "Content-Type",
    "Authorization",
    "X-Amz-Date",
    "X-Api-Key",
    "X-Amz-Security-Token",
    EXPECTED_TENANT.name,
)
_OF_USERS: Final = (Access.TENANT, Access.USER)


@dataclass(frozen=True, kw_only=True)
class ApiDefaults:
    """What all APIs of an environment have in common.

    Attributes
    ----------
    allowed_origin
        The web origin of the CORS headers.
    throttle_rate, throttle_burst
        Request rate and burst limit of a stage.
    alarms
        Who is told when an API answers 5xx.
    token_header
        The header that carries the caller's token; a browser is allowed to send it.
    web_acl_arn
        A web ACL in front of each API; None for none.
    log_retention, removal_policy
        How long access logs are kept, and what becomes of them with the stack.
    """

    allowed_origin: str
    throttle_rate: int
    throttle_burst: int
    alarms: sns.ITopic
    token_header: str = "Authorization"  # noqa: S105 - a name
    web_acl_arn: str | None = None
    log_retention: logs.RetentionDays = field(default=logs.RetentionDays.ONE_YEAR)
    removal_policy: RemovalPolicy = field(default=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    @property
    def allowed_headers(self) -> Sequence[str]:
        """The request headers that a browser may send."""
        return tuple(dict.fromkeys((*_ALLOWED_HEADERS, self.token_header)))

    @property
    def cors_headers(self) -> Mapping[str, str]:
        """The CORS headers, which API Gateway's own replies and the functions' carry alike."""
        return {
            "Access-Control-Allow-Origin": self.allowed_origin,
            "Access-Control-Allow-Methods": ",".join(_ALLOWED_METHODS),
            "Access-Control-Allow-Headers": ",".join(self.allowed_headers),
        }


class RestApi(Construct):
    """What all kinds of API share: stage, logs, throttles, CORS, validation, alarm; each route is authorized.

    What makes routes or the authorizer gets the API's own construct as its scope.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_name: str,
        description: str,
        routes: Sequence[Route] | Callable[[Construct], Sequence[Route]],
        defaults: ApiDefaults,
        authorizer: Callable[[Construct], apigateway.IAuthorizer] | None = None,
        refusals: Refusals | None = None,
        api_key_required: bool = False,
        logged: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._authorizer = authorizer and authorizer(self)
        self._api_key_required = api_key_required
        access_log = logs.LogGroup(
            self, "AccessLog", retention=defaults.log_retention, removal_policy=defaults.removal_policy
        )
        declare_store(access_log, LOG)
        self._api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=api_name,
            description=description or None,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,  # an account has one such role; see ApiLogging
            deploy_options=apigateway.StageOptions(
                stage_name=_STAGE,
                throttling_rate_limit=defaults.throttle_rate,
                throttling_burst_limit=defaults.throttle_burst,
                metrics_enabled=True,
                tracing_enabled=True,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,  # it would write tokens and bodies to the log
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps({**_ACCESS_LOG, **(logged or {})})),
            ),
            default_cors_preflight_options=apigateway.CorsOptions(
                allow_origins=[defaults.allowed_origin],
                allow_methods=list(_ALLOWED_METHODS),
                allow_headers=list(defaults.allowed_headers),
            ),
        )
        # API Gateway makes it at the first error. https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        declare_store(
            self._api,
            replace(LOG, kind="AWS::Logs::LogGroup", name=f"API-Gateway-Execution-Logs_{{id}}/{_STAGE}"),
        )
        self._answer_refusals(defaults.cors_headers, {**_REFUSALS, **(refusals or {})})
        self._add_routes(routes(self) if callable(routes) else routes, defaults.cors_headers)
        self._put_behind(defaults.web_acl_arn)
        server_errors = self._api.metric_server_error(period=Duration.minutes(5))
        alarm(self, "ServerErrors", server_errors, f"{api_name} answers 5xx", tells=defaults.alarms)

    @property
    def url(self) -> str:
        """The API's address, stage included, without a slash at its end."""
        stack = Stack.of(self)
        return f"https://{self._api.rest_api_id}.execute-api.{stack.region}.{stack.url_suffix}/{_STAGE}"

    def route_arn(self, method: str, path: str) -> str:
        """Return what IAM calls a route, whose parameters `path` has values for."""
        return self._api.arn_for_execute_api(method, path, _STAGE)

    def _put_behind(self, web_acl_arn: str | None) -> None:
        stage = self._api.deployment_stage
        if web_acl_arn:
            wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=stage.stage_arn, web_acl_arn=web_acl_arn)
        else:
            acknowledge(stage, "AwsSolutions-APIG3", "A web ACL is the account's to choose, and costs per API.")

    def _authorization(self, access: Access) -> Mapping[str, Any]:
        if access is Access.IAM:
            return {"authorization_type": apigateway.AuthorizationType.IAM}
        if access is Access.OPEN:
            return {"authorization_type": apigateway.AuthorizationType.NONE}
        if self._authorizer is None:
            raise ValueError(f"{self.node.path} has no authorizer for a tenant's route: give the route Access.IAM.")
        return {
            "authorization_type": apigateway.AuthorizationType.CUSTOM,
            "authorizer": self._authorizer,
        }

    def _add_routes(self, routes: Sequence[Route], cors_headers: Mapping[str, str]) -> None:
        validator = self._api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        documentation = ApiDocumentation(self, "Documentation", api=self._api)
        anything = (
            self._api.add_model(
                "Object",
                content_type=JSON,
                schema=apigateway.JsonSchema(type=apigateway.JsonSchemaType.OBJECT),
            )
            if any(route.takes and not isinstance(route.handler, ServiceIntegration) for route in routes)
            else None
        )
        for route in routes:
            handler = route.handler
            service = handler if isinstance(handler, ServiceIntegration) else None
            _check_handler(route)
            model = documentation.model(service.held_to or route.takes) if service and route.takes else anything
            method = self._api.root.resource_for_path(route.path).add_method(
                route.method,
                handler.integration(cors_headers) if isinstance(handler, ServiceIntegration) else _integration(handler),
                api_key_required=self._api_key_required or None,
                request_validator=validator,
                request_models=_bound(model, to_all=service is not None) if model and route.takes else None,
                request_parameters=documentation.parameters(route.all_parameters),
                method_responses=documentation.responses(
                    route.all_answers, headers=[*cors_headers, RETRY_AFTER] if service else []
                ),
                **self._authorization(route.access),
            )
            if service:
                service.ready(method)
            documentation.describe(
                route.method,
                route.path,
                summary=route.summary,
                takes=route.takes,
                parameters=route.all_parameters,
                answers=route.all_answers,
            )
            acknowledge(method, "AwsSolutions-COG4", "The tenant authorizer, or IAM, decides; see the construct.")
            if route.access is Access.OPEN:
                acknowledge(method, "AwsSolutions-APIG4", "It is open where a published hands-on is played.")

    def _answer_refusals(self, cors_headers: Mapping[str, str], bodies: Refusals) -> None:
        headers = {name: f"'{value}'" for name, value in cors_headers.items()}
        again = {RETRY_AFTER: f"'{RETRY_SECONDS}'"}
        for kind, body in bodies.items():
            template = body if isinstance(body, str) else json.dumps(body)
            self._api.add_gateway_response(
                kind,
                type=apigateway.ResponseType.of(kind),
                response_headers={**headers, **again} if kind in _WORTH_ANOTHER_TRY else headers,
                templates={JSON: template} if body else None,
            )


class _UserApi(RestApi):
    """An API that users call, whose every route but the preflight passes a `TenantAuthorizer`."""

    _acts_in: ClassVar[ActsIn]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_name: str,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        directory: Directory,
        routes: Sequence[Route],
        defaults: ApiDefaults,
        function_defaults: FunctionDefaults,
        authorizer_cache_ttl: Duration | None = None,
        shared_tokens: SharedTokens | None = None,
        refusals: Mapping[str, Mapping[str, Any]] | None = None,
        description: str = "",
    ) -> None:
        def authorizer(api: Construct) -> apigateway.IAuthorizer:
            return TenantAuthorizer(
                api,
                "Authorizer",
                user_pool=user_pool,
                client=client,
                directory=directory,
                acts_in=self._acts_in,
                routes=[route for route in routes if route.access in _OF_USERS],
                defaults=function_defaults,
                cache_ttl=authorizer_cache_ttl,
                shared_tokens=shared_tokens,
                token_header=defaults.token_header,
            ).authorizer

        super().__init__(
            scope,
            construct_id,
            api_name=api_name,
            description=description,
            routes=routes,
            defaults=defaults,
            authorizer=authorizer,
            refusals=refusals,
        )


class TenantApi(_UserApi):
    """An API on which a user reaches what their roles open in the tenant of their token, while they belong to it.

    Isolation: every route but the CORS preflight passes a `TenantAuthorizer`, which asks the directory whether the
    account, the session, the tenant and the membership still count, and which roles the caller has. A path parameter
    ``{tenantId}`` must be the tenant of the token, ``{userId}`` its user. A route that names no roles is refused when
    the app is built. What the directory says counts within 5 seconds: API Gateway keeps a policy for 3 at most. Replies
    of API Gateway itself say nothing of why. Bodies and tokens are never logged.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    api_name
        Its name.
    user_pool, client, directory, shared_tokens
        As for `TenantAuthorizer`.
    routes
        Its routes, each with its roles.
    defaults, function_defaults
        What the environment's APIs and functions have in common.
    authorizer_cache_ttl
        How long API Gateway keeps a policy for a token: 3 seconds if it is not given, and no longer.
    refusals
        Bodies of API Gateway's own replies, by response type, where they must have another shape.
    description
        What it is for.
    """

    _acts_in = ActsIn.CLAIM


class MemberApi(_UserApi):
    """An API whose users belong to many tenants, and on which their roles in the active one decide what they reach.

    Isolation: as `TenantApi`, but the tenant is the one that is active for the caller in the directory, whatever the
    token says, and API Gateway keeps no policy: the next call sees a switch, a withdrawn role and a removal.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    api_name, user_pool, client, directory, routes, defaults, function_defaults, refusals, description
        As for `TenantApi`. Neither shared tokens nor a time to keep policies for can be given.
    """

    _acts_in = ActsIn.ACTIVE_TENANT


def _check_handler(route: Route) -> None:
    """Refuse a handler that needs of a request what its route does not have."""
    isolated = isinstance(route.handler, PythonFunction) and route.handler.tenant_isolated
    if isolated and route.access is not Access.TENANT:
        raise ValueError(f"{route} may have no tenant, without which its tenant-isolated function cannot be invoked.")
    if not isinstance(route.handler, ServiceIntegration):
        return
    if unknown := {name for name in route.handler.path_parameters if f"{{{name}}}" not in route.path}:
        raise ValueError(f"{route} has no {sorted(unknown)} in its path, which its integration reads.")
    if route.handler.reads_authorizer and route.access is not Access.TENANT:
        raise ValueError(f"{route} has no authorizer, of which its integration reads the context.")


def _bound(model: apigateway.IModel, *, to_all: bool) -> dict[str, apigateway.IModel]:
    """Return the models by content type.

    A content type without one is not held to any. Where a template follows, none may slip through to it.
    """
    return {JSON: model, "$default": model} if to_all else {JSON: model}


def _integration(handler: lambda_.IFunction) -> apigateway.LambdaIntegration:
    """Return the integration of a function; one with an execution environment a tenant is told the caller's tenant.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation-invoke.html
    """
    isolated = isinstance(handler, PythonFunction) and handler.tenant_isolated
    tenant = {"integration.request.header.X-Amz-Tenant-Id": f"context.{context_path(TENANT_ID)}"} if isolated else None
    return apigateway.LambdaIntegration(handler, allow_test_invoke=False, request_parameters=tenant)


class AdminApi(RestApi):
    """An API for other services and for operators, which IAM authorizes (SigV4).

    Isolation: it answers for any tenant, so it is reachable only by principals that were granted a route
    (`grant_invoke`); no user token opens it.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    api_name
        Its name.
    routes
        Its routes.
    defaults
        What the environment's APIs have in common.
    description
        What it is for.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_name: str,
        routes: Sequence[Route],
        defaults: ApiDefaults,
        description: str = "",
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            api_name=api_name,
            description=description,
            routes=[replace(route, access=Access.IAM) for route in routes],
            defaults=defaults,
        )

    def grant_invoke(
        self, scope: Construct, construct_id: str, *, role: iam.IRole, method: str, path: str
    ) -> iam.Policy:
        """Let a role call one route, by a policy that belongs to `scope`, the stack that knows both.

        Parameters
        ----------
        scope, construct_id
            Where the policy stands in the app.
        role
            The role; it may be another stack's, which stays unaware of this API.
        method, path
            The route, each of its parameters written as ``*``.

        Returns
        -------
        iam.Policy
            The policy, and no `iam.Grant`: that would be a part of the role's stack, which would depend on this API.

        Raises
        ------
        ValueError
            The method is not one of a route.
        """
        http_method(method)
        arn = self.route_arn(method, path)
        policy = iam.Policy(
            scope,
            construct_id,
            roles=[role],
            statements=[iam.PolicyStatement(actions=["execute-api:Invoke"], resources=[arn])],
        )
        acknowledge_wildcard(policy, arn, "The route answers for any user: that is what it is for.")
        return policy


class ApiLogging(Construct):
    """The role with which API Gateway writes logs: one an account and region, so an app makes one of these.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=service_principal(self, "apigateway.amazonaws.com"),
            description="Allows API Gateway to write access logs to CloudWatch Logs",
            managed_policies=[
                # API Gateway tests for this breadth when the role is set, and makes log groups of its own naming.
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway demands this breadth of the account's log role.",
        )
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        account.node.add_dependency(role)


# What the same request may not meet again in a moment.
_WORTH_ANOTHER_TRY: Final = frozenset({"THROTTLED", "QUOTA_EXCEEDED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"})
# API Gateway's own replies: each with the CORS headers, and with API Gateway's own text where none is given here.
_REFUSALS: Final[Refusals] = {
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "BAD_REQUEST_BODY": {
        "message": "Invalid request body: send a JSON object of the documented form, as application/json"
    },
    # API Gateway takes 10 MB, and hands it to a function as a string in JSON, of which a function takes 6 MB.
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    "REQUEST_TOO_LARGE": {
        "message": "The request body is too large: at most 6 MB, in which each quote, backslash and line feed counts "
        "twice"
    },
}
_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",  # the path's pattern: the path itself may hold anything
    "status": "$context.status",
    "tenant": f"$context.{context_path(TENANT_ID)}",
    "latency": "$context.responseLatency",
    "sourceIp": "$context.identity.sourceIp",
    "error": "$context.error.responseType",
}
