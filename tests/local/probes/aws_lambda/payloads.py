"""Probes of `aws_lambda.payloads`."""

from typing import Any

import requests

from tests.local.emulator import Emulator, outcome, proxy
from tests.local.probes import probe

_LARGE = "def handler(event, context): return 'x' * event"


_LIMIT = 6 * 1024 * 1024


@probe(aws=["done", "RequestEntityTooLargeException"] * 2, ministack=["done"] * 4)
def events_that_are_too_large(emulator: Emulator) -> list[str]:
    """Invoke with the most that fits and with a byte more; at once, and later."""
    function, client = emulator.function("def handler(event, context): return len(event)"), emulator.client("lambda")

    def invoke(size: int, kind: str) -> str:
        payload = b'"' + b"x" * (size - 2) + b'"'
        return outcome(lambda: client.invoke(FunctionName=function, InvocationType=kind, Payload=payload))

    sizes = ((_LIMIT, "RequestResponse"), (_LIMIT + 1, "RequestResponse"), (2**20, "Event"), (2**20 + 1, "Event"))
    return [invoke(size, kind) for size, kind in sizes]


@probe(aws=[_LIMIT + 98, "Function.ResponseSizeTooLarge"], ministack=[_LIMIT + 98, _LIMIT + 99])
def answers_that_are_too_large(emulator: Emulator) -> list[Any]:
    function = emulator.function(_LARGE)
    answers = [emulator.invoke(function, event=size) for size in (_LIMIT + 98, _LIMIT + 99)]
    return [answer["errorType"] if isinstance(answer, dict) else len(answer) for answer in answers]


_READER = """
def handler(event, context):
    return {"statusCode": 200, "body": "x" * int((event["queryStringParameters"] or {}).get("size", 0))}
"""


@probe(aws=[200, 413, "Request Too Long", 413, 502], ministack=[200, 200, None, 200, 200])
def what_an_api_answers_to_them(emulator: Emulator) -> list[Any]:
    """Send a body that fits, one that does not, one that does not for its quotes; ask for an answer that does not."""
    function = emulator.function(_READER)
    emulator.permit(function, "apigateway.amazonaws.com")
    url = emulator.api(proxy(function), httpMethod="POST")

    def post(body: bytes, query: str = "") -> requests.Response:
        headers = {"Content-Type": "application/json"}
        return requests.post(f"{url}{query}", body, headers=headers, verify=str(emulator.cloud.ca_bundle), timeout=60)

    large = post(b"x" * _LIMIT)
    message = large.json()["message"] if large.status_code != 200 else None
    statuses = [post(b"x" * (_LIMIT // 2)).status_code, large.status_code]
    quoted = post(b'"' * (_LIMIT // 2)).status_code
    return [*statuses, message, quoted, post(b"{}", f"?size={_LIMIT + 100}").status_code]
