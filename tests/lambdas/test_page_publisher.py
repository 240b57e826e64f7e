"""Publishing the page: order, headers, removal of old releases, and replies to CloudFormation."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.lambdas.events import Context
from tests.lambdas.expected_owner import ACCOUNT, demand_owners

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from mypy_boto3_s3 import S3Client

_ANSWER: Final = "https://cloudformation.example/answer"
_FIRST: Final = {"index.html": "<!doctype html>one", "assets/one.js": "1", "favicon.svg": "<svg/>"}
_SECOND: Final = {"index.html": "<!doctype html>two", "assets/two.js": "2", "favicon.svg": "<svg/>"}
_THIRD: Final = {"index.html": "<!doctype html>three", "assets/three.js": "3", "favicon.svg": "<svg/>"}


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("assets", "page"):
            client.create_bucket(Bucket=bucket)
        yield client


@pytest.fixture
def module(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    assert s3
    monkeypatch.setenv("ACCOUNT", ACCOUNT)
    found = importlib.reload(importlib.import_module("tenantry.handlers.page_publisher.handler"))
    demand_owners(found.client)
    return found


def _upload(s3: S3Client, name: str, files: Mapping[str, str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as asset:
        for path, content in files.items():
            asset.writestr(path, content)
    s3.put_object(Bucket="assets", Key=name, Body=packed.getvalue())


def _event(kind: str, asset: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a field of the event
    return {
        "RequestType": kind,
        "ResponseURL": _ANSWER,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Published",
        "ResourceProperties": {
            "AssetBucket": "assets",
            "AssetKey": asset,
            "Bucket": "page",
            "Folder": "site",
            "Settings": '{"apis": {"tenant": "/api/tenant"}}',
        },
        **more,
    }


def _send(module: ModuleType, event: dict[str, Any]) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        sent: list[bytes] = []

        def answer(request: Any, timeout: float) -> io.BytesIO:  # noqa: ANN401 - urllib's own
            assert (request.full_url, request.method, request.get_header("Content-type")) == (_ANSWER, "PUT", "")
            assert timeout > 0
            sent.append(request.data)
            return io.BytesIO()

        patch.setattr(module, "urlopen", answer)
        module.handler(event, Context())
    (body,) = sent
    content: dict[str, Any] = json.loads(body)
    return content


def _publish(module: ModuleType, s3: S3Client, name: str, files: Mapping[str, str]) -> dict[str, Any]:
    _upload(s3, name, files)
    return _send(module, _event("Create", name))


def _keys(s3: S3Client) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket="page").get("Contents", [])}


def test_files_have_content_types_and_cache_times(module: ModuleType, s3: S3Client) -> None:
    answer = _publish(module, s3, "one", _FIRST)

    assert answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "page",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Published",
    }
    found = {key: s3.get_object(Bucket="page", Key=f"site/{key}") for key in (*_FIRST, "config.json")}
    assert {key: (object_["ContentType"], object_["CacheControl"]) for key, object_ in found.items()} == {
        "index.html": ("text/html; charset=utf-8", "no-cache"),
        "assets/one.js": ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        "favicon.svg": ("image/svg+xml", "no-cache"),
        "config.json": ("application/json", "no-cache"),
    }
    assert json.loads(found["config.json"]["Body"].read()) == {"apis": {"tenant": "/api/tenant"}}


def test_page_is_uploaded_last(module: ModuleType, s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    put = module.Publisher._put  # noqa: SLF001 - to see the order

    def noted(*given: Any) -> None:  # noqa: ANN401 - as the method
        order.append(given[2])
        put(*given)

    monkeypatch.setattr(module.Publisher, "_put", noted)

    _publish(module, s3, "one", _FIRST)

    assert order == ["assets/one.js", "config.json", "favicon.svg", "index.html"]


def test_previous_release_is_kept(module: ModuleType, s3: S3Client) -> None:
    _publish(module, s3, "one", _FIRST)
    _publish(module, s3, "two", _SECOND)
    assert {"site/assets/one.js", "site/assets/two.js"} <= _keys(s3)

    _publish(module, s3, "two", _SECOND)  # delivered once more
    assert {"site/assets/one.js", "site/assets/two.js"} <= _keys(s3)

    _publish(module, s3, "three", _THIRD)
    assert _keys(s3) == {
        "published.json",
        "site/assets/two.js",
        "site/assets/three.js",
        "site/config.json",
        "site/favicon.svg",
        "site/index.html",
    }


def test_update_keeps_the_resource_id(module: ModuleType, s3: S3Client) -> None:
    _publish(module, s3, "one", _FIRST)
    event = _event("Update", "one", PhysicalResourceId="page")
    event["ResourceProperties"]["Settings"] = '{"apis": {}}'

    assert _send(module, event)["PhysicalResourceId"] == "page"
    assert json.loads(s3.get_object(Bucket="page", Key="site/config.json")["Body"].read()) == {"apis": {}}


def test_delete_empties_the_bucket(module: ModuleType, s3: S3Client) -> None:
    _publish(module, s3, "one", _FIRST)
    s3.create_bucket(Bucket="new-page")
    s3.put_object(Bucket="new-page", Key="site/index.html", Body=b"two")
    # A replaced bucket is withdrawn when the new one is in use; the properties may be whatever they were.
    event = _event("Delete", "gone", PhysicalResourceId="page", ResourceProperties={"Bucket": "new-page"})

    assert _send(module, event)["Status"] == "SUCCESS"
    assert _keys(s3) == set()
    assert s3.list_objects_v2(Bucket="new-page")["KeyCount"] == 1


@pytest.mark.parametrize("change", [{"AssetKey": "missing"}, {"Settings": "not json"}, {"Bucket": "no-such-bucket"}])
def test_failure_is_reported_with_a_reason(module: ModuleType, s3: S3Client, change: dict[str, str]) -> None:
    _upload(s3, "one", _FIRST)
    event = _event("Create", "one")
    event["ResourceProperties"].update(change)

    answer = _send(module, event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"]
    assert answer["PhysicalResourceId"]
