"""Puts a page's files into its bucket, as CloudFormation tells it to.

CloudFormation waits for the answer that this sends; that it always sends one is most of what can go wrong here.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import io
import json
import mimetypes
import os
import zipfile
from typing import TYPE_CHECKING, Any, Final
from urllib.request import Request, urlopen

import boto3
import msgspec
from botocore.exceptions import ClientError

from tenantry.runtime.inputs import read
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.own_buckets import only_own_buckets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_s3 import S3Client

# Beside the page, where no request for a file of it gets: the names of what the last publication has put there.
_MANIFEST: Final = "published.json"
_SETTINGS: Final = "config.json"
_HASHED: Final = "assets/"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
# Kept, but asked for again each time: what changes in place.
_ASK_AGAIN: Final = "no-cache"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_BATCH: Final = 1000
_ANSWER_SECONDS: Final = 10


class Page(msgspec.Struct, kw_only=True, frozen=True, rename="pascal"):
    """A page to publish: the resource's properties."""

    asset_bucket: str
    asset_key: str
    bucket: str
    folder: str
    settings: str  # a JSON object


class Publisher:
    """Publishes into buckets.

    Parameters
    ----------
    client
        S3.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def publish(self, page: Page) -> None:
        """Put the page's files into its bucket, and take away what neither this nor the last publication has.

        Whoever has the page of before open still finds its parts. The page itself is put there last, when everything
        that it asks for is there.
        """
        body = self._client.get_object(Bucket=page.asset_bucket, Key=page.asset_key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as asset:
            files = {name: asset.read(name) for name in asset.namelist() if not name.endswith("/")}
        files[_SETTINGS] = json.dumps(json.loads(page.settings)).encode()
        for name in sorted(files, key=lambda name: (name == "index.html", not name.startswith(_HASHED), name)):
            self._put(page, name, files[name])
        before = self._manifest(page.bucket)
        # The same publication once more must not take away the one before it.
        if set(files) != set(before):
            self._remove(page.bucket, self._keys(page.bucket) - _keys(page, {*files, *before}) - {_MANIFEST})
            self._client.put_object(
                Bucket=page.bucket,
                Key=_MANIFEST,
                Body=json.dumps(sorted(files)).encode(),
                ContentType="application/json",
            )

    def withdraw(self, bucket: str) -> None:
        """Empty the bucket, so that it can be removed."""
        self._remove(bucket, self._keys(bucket))

    def _put(self, page: Page, name: str, content: bytes) -> None:
        self._client.put_object(
            Bucket=page.bucket,
            Key=f"{page.folder}/{name}",
            Body=content,
            ContentType=content_type(name),
            CacheControl=_FOR_GOOD if name.startswith(_HASHED) else _ASK_AGAIN,
        )

    def _manifest(self, bucket: str) -> list[str]:
        try:
            found = self._client.get_object(Bucket=bucket, Key=_MANIFEST)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return []
        names: list[str] = json.loads(found["Body"].read())
        return names

    def _keys(self, bucket: str) -> set[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def _remove(self, bucket: str, keys: set[str]) -> None:
        ordered = sorted(keys)
        for start in range(0, len(ordered), _BATCH):
            objects = [{"Key": key} for key in ordered[start : start + _BATCH]]
            answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})  # type: ignore[typeddict-item]
            if failed := answer.get("Errors"):
                raise RuntimeError(f"{len(failed)} files could not be removed. First error: {failed[0]}")


def content_type(name: str) -> str:
    """Return the content type of a file; a browser is told to believe it."""
    suffix = f".{name.rpartition('.')[2]}"
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _keys(page: Page, names: Iterable[str]) -> set[str]:
    return {f"{page.folder}/{name}" for name in names}


# The page's bucket and the assets' are of the function's own account.
client = only_own_buckets(boto3.client("s3"), os.environ["ACCOUNT"])
publisher = Publisher(client)


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    """Publish or withdraw a page, and tell CloudFormation how it went."""
    try:
        if event["RequestType"] == "Delete":
            publisher.withdraw(event["PhysicalResourceId"])
        else:
            publisher.publish(read(event["ResourceProperties"], Page))
    except Exception as error:
        logger.exception("could not publish")
        _answer(event, {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"})
    else:
        _answer(event, {"Status": "SUCCESS"})


def _answer(event: Mapping[str, Any], result: Mapping[str, str]) -> None:
    content = {
        # A page is its bucket: another bucket is another page, and the old one is withdrawn.
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["ResourceProperties"]["Bucket"],
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
        **result,
    }
    if event["RequestType"] == "Update":
        content["PhysicalResourceId"] = event["ResourceProperties"]["Bucket"]
    # The address is signed for a request without a content type.
    request = Request(  # noqa: S310 - CloudFormation's own address
        event["ResponseURL"], data=json.dumps(content).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310 - as above
        pass
