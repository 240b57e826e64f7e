"""Probes of `aws_lambda.role_credentials`."""

import hashlib

from tests.local.ground import Ground
from tests.local.probes import probe
from tests.local.probes.emulator.root_key import identity


@probe(aws="InvalidClientTokenId", ministack="done")
def credentials_computed_from_names(ground: Ground) -> str:
    function = ground.function("def handler(event, context): pass")
    ground.invoke(function)
    role = ground.client("lambda").get_function(FunctionName=function)["Configuration"]["Role"]
    digest = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    return identity(ground, f"ASIA{digest[:16].upper()}", secret, token)
