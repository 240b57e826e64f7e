"""What the functions share: identifiers, callers, tokens, replies, events and the tenant directory."""

from importlib.util import find_spec

# Every function's lock has it; who unit-tests a function needs it installed.
if find_spec("aws_lambda_powertools") is None:
    raise ModuleNotFoundError(
        "tenantry.runtime needs packages that are not installed (aws-lambda-powertools). "
        "Run: pip install 'tenantry[runtime]'",
        name="aws_lambda_powertools",
    )
