"""Probes of `apigateway.authorizer`."""

from tests.local.emulator import MOCK, Emulator, invocation_uri
from tests.local.probes import probe


def _authorized(emulator: Emulator, statement: str, context: str = "{}") -> int:
    source = f"""
def handler(event, context):
    statement = {statement}
    statement["Resource"] = event["methodArn"]
    policy = {{"Version": "2012-10-17", "Statement": [statement]}}
    return {{"principalId": "somebody", "policyDocument": policy, "context": {context}}}
"""
    function = emulator.function(source)
    emulator.permit(function, "apigateway.amazonaws.com")
    authorizer = {
        "type": "REQUEST",
        "authorizerUri": invocation_uri(function),
        "identitySource": "method.request.header.Authorization",
    }
    url = emulator.api(MOCK, authorizationType="CUSTOM", authorizer=authorizer)
    return emulator.get(url, Authorization="x").status_code


@probe(aws=[200, 403, 403], ministack=[200, 200, 200])
def policies_that_an_authorizer_returns(emulator: Emulator) -> list[int]:
    return [
        _authorized(emulator, '{"Effect": "Allow", "Action": "execute-api:Invoke"}'),
        _authorized(emulator, '{"Effect": "Allow", "Action": "s3:GetObject"}'),
        _authorized(
            emulator,
            '{"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}',
        ),
    ]


@probe(aws=500, ministack=200)
def a_context_that_is_not_flat(emulator: Emulator) -> int:
    return _authorized(emulator, '{"Effect": "Allow", "Action": "*"}', '{"roles": ["admin"]}')
