"""API Gateway evaluates an authorizer's policy as IAM does, and accepts a context of scalars only.

AWS: API Gateway evaluates the policy that a Lambda authorizer returns, actions and conditions included, and refuses
to work with a context that holds more than scalars.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html

MiniStack: looks at the policy's effects and resources only, and drops what is no scalar.

Here: the policy goes through the evaluator of IAM, and such a context is a configuration error (500).
"""

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import apigateway_v1

from tenantry.local.patching import Fields, Original, replace, require, wrap

_OUTCOMES = {"Allow": "Allow", "Deny": "Deny", "ImplicitDeny": "NoMatch"}


def close() -> None:
    """Close the gap."""
    require(iam_evaluator, "EvalContext", "evaluate", "parse_policy_document")
    replace(apigateway_v1, "_evaluate_policy", _evaluate)
    wrap(apigateway_v1, "_invoke_authorizer_lambda", _with_scalars_only)


def _evaluate(policy: Fields, method_arn: str) -> str:
    fields = method_arn.split(":")
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="AuthorizedUser",
        principal_account=fields[4],
        action="execute-api:Invoke",
        resource_arn=method_arn,
        region=fields[3],
    )
    return _OUTCOMES[iam_evaluator.evaluate(context, [iam_evaluator.parse_policy_document(policy)]).decision]


async def _with_scalars_only(invoke: Original, *arguments: Any) -> Any:
    result = await invoke(*arguments)
    body = (result or {}).get("body")
    context = body.get("context") if isinstance(body, dict) else None
    if isinstance(context, dict) and any(isinstance(value, dict | list) for value in context.values()):
        return {**result, "body": None}
    return result
