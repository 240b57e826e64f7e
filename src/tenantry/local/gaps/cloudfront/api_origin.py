"""A distribution reaches the APIs of this account.

AWS: an API's host name is an origin like any other.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistS3AndCustomOrigins.html

MiniStack: refuses to dial any of AWS's host names, so that nothing reaches the real AWS.

Here: an API's host name leads to the emulator itself, by TLS, and goes along as the request's host.
"""

import os
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import cloudfront

from tenantry.local.patching import replace, require
from tenantry.local.settings import HOST


def close() -> None:
    """Close the gap."""
    require(app, "_EXECUTE_API_RE")
    replace(cloudfront, "_origin_connect_target", _leading_here)


def _leading_here(target: Callable[..., tuple[str, int, bool]]) -> Callable[..., tuple[str, int, bool]]:
    port = int(os.environ["GATEWAY_PORT"])

    def connect_target(origin: dict[str, Any], viewer_is_https: bool) -> tuple[str, int, bool]:  # noqa: FBT001 - MiniStack's own signature
        if app._EXECUTE_API_RE.match(origin["domain_name"]):
            return HOST, port, True
        return target(origin, viewer_is_https)

    return connect_target
