"""API Gateway."""

from typing import Any

import requests
from requests_aws4auth import AWS4Auth

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow, invocation_uri, proxy
from tests.local.probes import probe
from tests.local.probes.users import Pool

_OK = "def handler(event, context): return {'statusCode': 200, 'body': 'ok'}"
_MOCK: dict[str, Any] = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


def _called(ground: Ground, source: str, *, permitted: bool = True) -> str:
    function = ground.function(source)
    if permitted:
        ground.permit(function, "apigateway.amazonaws.com")
    return ground.api(proxy(function))


@probe("execute_api_host", aws=200, ministack=403)
def the_host_name_of_an_api(ground: Ground) -> int:
    url = ground.api(_MOCK)
    api, _, path = url.partition("/_aws/execute-api/")[2].partition("/")
    host = f"{api}.execute-api.{REGION}.amazonaws.com"
    status = ground.get(f"{ground.cloud.endpoint}/{path}", Host=host).status_code
    return status if status == 200 else 403


@probe("apigateway_permission", aws=500, ministack=200)
def a_function_that_does_not_let_the_api_in(ground: Ground) -> int:
    return ground.get(_called(ground, _OK, permitted=False)).status_code


@probe("apigateway_errors", aws=[502, False], ministack=[502, True])
def a_failing_function(ground: Ground) -> list[Any]:
    reply = ground.get(_called(ground, "def handler(event, context): raise ValueError('table users: no such row')"))
    return [reply.status_code, "users" in reply.text]


@probe("apigateway_errors", aws=502, ministack=200)
def an_answer_that_is_no_response(ground: Ground) -> int:
    return ground.get(_called(ground, "def handler(event, context): return {'rows': [1]}")).status_code


def _authorized(ground: Ground, statement: str, context: str = "{}") -> int:
    source = f"""
def handler(event, context):
    statement = {statement}
    statement["Resource"] = event["methodArn"]
    policy = {{"Version": "2012-10-17", "Statement": [statement]}}
    return {{"principalId": "somebody", "policyDocument": policy, "context": {context}}}
"""
    function = ground.function(source)
    ground.permit(function, "apigateway.amazonaws.com")
    authorizer = {
        "type": "REQUEST",
        "authorizerUri": invocation_uri(function),
        "identitySource": "method.request.header.Authorization",
    }
    url = ground.api(_MOCK, authorizationType="CUSTOM", authorizer=authorizer)
    return ground.get(url, Authorization="x").status_code


@probe("apigateway_authorizer", aws=[200, 403, 403], ministack=[200, 200, 200])
def policies_that_an_authorizer_returns(ground: Ground) -> list[int]:
    return [
        _authorized(ground, '{"Effect": "Allow", "Action": "execute-api:Invoke"}'),
        _authorized(ground, '{"Effect": "Allow", "Action": "s3:GetObject"}'),
        _authorized(
            ground,
            '{"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}',
        ),
    ]


@probe("apigateway_authorizer", aws=500, ministack=200)
def a_context_that_is_not_flat(ground: Ground) -> int:
    return _authorized(ground, '{"Effect": "Allow", "Action": "*"}', '{"roles": ["admin"]}')


@probe("apigateway_iam_denial", aws=[403, "*", True], ministack=[403, None, False])
def a_caller_whom_iam_refuses(ground: Ground) -> list[Any]:
    headers = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    url = ground.api(_MOCK, authorizationType="AWS_IAM", gateway_response=headers)
    credentials = ground.user(allow("s3:ListBucket")).get_credentials()
    assert credentials is not None
    signature = AWS4Auth(credentials.access_key, credentials.secret_key, REGION, "execute-api")
    reply = requests.get(url, auth=signature, verify=str(ground.cloud.ca_bundle), timeout=30)
    message = reply.json().get("message", "")
    return [reply.status_code, reply.headers.get("Access-Control-Allow-Origin"), "on resource: arn:" in message]


@probe("apigateway_signing_scope", aws=[200, 403], ministack=[200, 200])
def a_signature_for_another_service(ground: Ground) -> list[int]:
    url, root = ground.api(_MOCK, authorizationType="AWS_IAM"), ground.cloud.session().get_credentials()
    assert root is not None
    signatures = [AWS4Auth(root.access_key, root.secret_key, REGION, service) for service in ("execute-api", "s3")]
    bundle = str(ground.cloud.ca_bundle)
    return [requests.get(url, auth=signature, verify=bundle, timeout=30).status_code for signature in signatures]


@probe("apigateway_empty_segments", aws=403, ministack=200)
def a_path_with_an_empty_segment(ground: Ground) -> int:
    return ground.get(ground.api(_MOCK).replace("/test/thing", "/test//thing")).status_code


@probe("cognito_jwks_https", aws=200, ministack=401)
def a_token_of_the_pool_at_an_api(ground: Ground) -> int:
    pool = Pool(ground)
    authorizer = {
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool.id}"],
        "identitySource": "method.request.header.Authorization",
    }
    url = ground.api(_MOCK, authorizationType="COGNITO_USER_POOLS", authorizer=authorizer)
    return ground.get(url, Authorization=pool.tokens(pool.confirmed())["IdToken"]).status_code
