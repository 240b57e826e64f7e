"""Probes of `apigateway.authorizer`."""

from tests.local.ground import MOCK, Ground, invocation_uri
from tests.local.probes import probe


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
    url = ground.api(MOCK, authorizationType="CUSTOM", authorizer=authorizer)
    return ground.get(url, Authorization="x").status_code


@probe(aws=[200, 403, 403], ministack=[200, 200, 200])
def policies_that_an_authorizer_returns(ground: Ground) -> list[int]:
    return [
        _authorized(ground, '{"Effect": "Allow", "Action": "execute-api:Invoke"}'),
        _authorized(ground, '{"Effect": "Allow", "Action": "s3:GetObject"}'),
        _authorized(
            ground,
            '{"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}',
        ),
    ]


@probe(aws=500, ministack=200)
def a_context_that_is_not_flat(ground: Ground) -> int:
    return _authorized(ground, '{"Effect": "Allow", "Action": "*"}', '{"roles": ["admin"]}')
