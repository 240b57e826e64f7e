"""A distribution compresses responses where its cache behaviour says so.

AWS: where the behaviour says so, CloudFront compresses files of 1,000 to 10,000,000 bytes of certain types for a viewer
that accepts it, and weakens their ETag.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html

MiniStack: sends the origin's bytes.

Here: they are compressed, by gzip only: without Brotli, which CloudFront prefers, a page is a little larger than there.
"""

import gzip
from typing import Any

from ministack.services import cloudfront

from tenantry.local.patching import Fields, Original, require, wrap

_TYPES = {
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
}
_SMALLEST, _LARGEST = 1_000, 10_000_000
_OK = 200

_Response = tuple[int, Fields, bytes]


def close() -> None:
    """Close the gap."""
    require(cloudfront, "_dist_config_el", "_find", "_text", "_local_tag_name", "_glob_to_regex")
    wrap(cloudfront, "handle_viewer_request", _compressing)


async def _compressing(handle: Original, dist: Fields, method: str, path: str, *rest: Any, **more: Any) -> _Response:
    headers: dict[str, str] = rest[2]  # after the raw path and the query
    status, answer, body = await handle(dist, method, path, *rest, **more)
    named = {name.lower(): name for name in answer}
    kind = str(answer.get(named.get("content-type", ""), "")).partition(";")[0].strip()
    if (
        status != _OK
        or method != "GET"
        or kind not in _TYPES
        or "content-encoding" in named
        or not isinstance(body, bytes)
        or not _SMALLEST <= len(body) <= _LARGEST
        or "gzip" not in headers.get("accept-encoding", "")
        or not _compresses(dist, path)
    ):
        return status, answer, body
    packed = gzip.compress(body, mtime=0)
    kept = {name: value for name, value in answer.items() if name.lower() not in {"content-length", "accept-ranges"}}
    if etag := named.get("etag"):
        kept[etag] = f"W/{str(answer[etag]).removeprefix('W/')}"
    return (
        status,
        {**kept, "Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Content-Length": str(len(packed))},
        packed,
    )


def _compresses(dist: Fields, path: str) -> bool:
    """Return whether the cache behaviour of a path compresses."""
    config = cloudfront._dist_config_el(dist)
    behaviors = cloudfront._find(config, "CacheBehaviors")
    items = cloudfront._find(behaviors, "Items") if behaviors is not None else None
    for item in items if items is not None else ():
        pattern = cloudfront._text(item, "PathPattern")
        if pattern and cloudfront._glob_to_regex(pattern).match(path):
            return bool(cloudfront._text(item, "Compress") == "true")
    return bool(cloudfront._text(cloudfront._find(config, "DefaultCacheBehavior"), "Compress") == "true")
