"""Probes of `apigateway.bodies`."""

import json

import requests

from tests.local.ground import MOCK, Ground
from tests.local.probes import probe


def _sent(ground: Ground, body: bytes, content_type: str, models: dict[str, str]) -> int:
    url = ground.api(MOCK, httpMethod="POST", models=models)
    bundle = str(ground.cloud.ca_bundle)
    return requests.post(url, data=body, headers={"Content-Type": content_type}, verify=bundle, timeout=30).status_code


_NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}}


@probe(aws=[400, 400, 400], ministack=[200, 200, 200])
def bodies_that_are_invalid_json(ground: Ground) -> list[int]:
    models = {"application/json": json.dumps(_NUMBER)}
    bodies = (b'{"n": NaN}', '{"n": 1}'.encode("utf-16"), b'\xef\xbb\xbf{"n": 1}')
    return [_sent(ground, body, "application/json", models) for body in bodies]


@probe(aws=[200, 400], ministack=[400, 200])
def bodies_of_another_content_type(ground: Ground) -> list[int]:
    model = json.dumps(_NUMBER)
    return [
        _sent(ground, b'{"n": "x"}', "text/plain", {"application/json": model}),
        _sent(ground, b'{"n": "x"}', "text/plain", {"$default": model}),
    ]


@probe(aws=413, ministack=200)
def a_body_of_eleven_megabytes(ground: Ground) -> int:
    return _sent(ground, b" " * 11_000_000, "application/json", {})
