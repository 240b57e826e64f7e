"""A function's credentials are random.

AWS: each execution environment gets temporary credentials of the function's role.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html

MiniStack: computes them from the names of the function and its role, so that a caller who knows the names has the
function's permissions.

Here: they are random for each start of the emulator.
"""

import hashlib
import hmac
import secrets

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

from tenantry.local.patching import Fields, replace, require

_KEY = secrets.token_bytes(32)


def close() -> None:
    """Close the gap."""
    require(sts, "register_session")
    for module in (lambda_runtime, lambda_svc):
        replace(module, "execution_credentials", _execution_credentials)


def _execution_credentials(config: Fields) -> dict[str, str]:
    arn, role = config["FunctionArn"], config.get("Role", "")

    def derive(what: str) -> str:
        return hmac.new(_KEY, f"{what}\0{arn}\0{role}".encode(), hashlib.sha256).hexdigest()

    key_id = "ASIA" + derive("id")[:16].upper()
    name, role_name = str(config.get("FunctionName", ""))[:64], role.rsplit("/", 1)[-1]
    sts.register_session(
        key_id,
        {
            "Arn": f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{role_name}/{name}",
            "UserId": f"{role_name}:{name}",
            "SecretAccessKey": derive("secret"),
            "SessionToken": derive("token"),
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": derive("secret"),
        "AWS_SESSION_TOKEN": derive("token"),
    }
