"""The host name decides whether a request is for a bucket or for an access point.

AWS: `<bucket>.s3.<region>.amazonaws.com` is a bucket and `<name>-<account>.s3-accesspoint.<region>.amazonaws.com` an
access point; one that does not exist is answered with NoSuchAccessPoint.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html

MiniStack: looks at the first label only. A bucket whose name is an access point's with the account behind it is taken
for that access point, and an access point that does not exist for a bucket.

Here: the rest of the host decides.
"""

import contextvars
import re
from typing import Any

from ministack import app

from tenantry.local.patching import Original, holding, replace, require, wrap

_HOST: contextvars.ContextVar[str] = contextvars.ContextVar("s3_host", default="")
_ACCESS_POINT = ".s3-accesspoint."
_BUCKET = re.compile(r"\.s3[.-](?!accesspoint)[a-z0-9.-]*amazonaws\.com$|\.s3\.amazonaws\.com$")
_MISSING = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>NoSuchAccessPoint</Code><Message>The specified accesspoint does not exist</Message></Error>"
)


def close() -> None:
    """Close the gap."""
    require(app, "_get_module", "_ACCESS_POINT_HOST_RE")
    replace(app, "_ACCESS_POINT_HOST_RE", _OnlyOfAccessPointHosts(app._ACCESS_POINT_HOST_RE))
    wrap(app, "_handle_s3_vhost_request", _answering_missing_ones)


class _OnlyOfAccessPointHosts:
    """The pattern of an access point's label, which matches no label of a bucket's host."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def match(self, label: str) -> re.Match[str] | None:
        return None if _BUCKET.search(_HOST.get()) else self._pattern.match(label)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pattern, name)


async def _answering_missing_ones(handle: Original, host: str, path: str, method: str, headers: Any, *rest: Any) -> Any:
    name = host.partition(":")[0].lower()
    with holding(_HOST, name):
        if _ACCESS_POINT in name and not _exists(name, headers, rest[-1]):
            return 404, {"Content-Type": "application/xml"}, _MISSING
        return await handle(host, path, method, headers, *rest)


def _exists(host: str, headers: Any, query: Any) -> bool:
    found = app._ACCESS_POINT_HOST_RE.match(host.partition(".")[0])
    if not found:
        return False
    s3 = app._get_module("s3")
    region = s3._signed_region(headers, query)
    return s3.resolve_access_point_host(found.group("name"), found.group("account"), region) is not None
