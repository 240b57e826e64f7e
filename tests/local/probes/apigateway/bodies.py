"""Probes of `apigateway.bodies`."""

import json

import requests

from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe


def _sent(emulator: Emulator, body: bytes, content_type: str, models: dict[str, str]) -> int:
    url = emulator.api(MOCK, httpMethod="POST", models=models)
    bundle = str(emulator.cloud.ca_bundle)
    return requests.post(url, data=body, headers={"Content-Type": content_type}, verify=bundle, timeout=30).status_code


_NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}}


@probe(aws=[400, 400, 400], ministack=[200, 200, 200])
def bodies_that_are_invalid_json(emulator: Emulator) -> list[int]:
    models = {"application/json": json.dumps(_NUMBER)}
    bodies = (b'{"n": NaN}', '{"n": 1}'.encode("utf-16"), b'\xef\xbb\xbf{"n": 1}')
    return [_sent(emulator, body, "application/json", models) for body in bodies]


@probe(aws=[200, 400], ministack=[400, 200])
def bodies_of_another_content_type(emulator: Emulator) -> list[int]:
    model = json.dumps(_NUMBER)
    return [
        _sent(emulator, b'{"n": "x"}', "text/plain", {"application/json": model}),
        _sent(emulator, b'{"n": "x"}', "text/plain", {"$default": model}),
    ]


@probe(aws=413, ministack=200)
def a_body_of_eleven_megabytes(emulator: Emulator) -> int:
    return _sent(emulator, b" " * 11_000_000, "application/json", {})
