"""Probes of `aws_lambda.role_credentials`."""

import hashlib

from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.local.probes.emulator.root_key import identity


@probe(aws="InvalidClientTokenId", ministack="done")
def credentials_computed_from_names(emulator: Emulator) -> str:
    function = emulator.function("def handler(event, context): pass")
    emulator.invoke(function)
    role = emulator.client("lambda").get_function(FunctionName=function)["Configuration"]["Role"]
    digest = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    return identity(emulator, f"ASIA{digest[:16].upper()}", secret, token)
