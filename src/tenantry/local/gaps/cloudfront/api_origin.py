"""A distribution reaches the APIs of this account.

AWS: an API's host name is an origin like any other.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistS3AndCustomOrigins.html

MiniStack: refuses to dial any of AWS's host names, so that nothing reaches the real AWS.

Here: an API's host name leads to the emulator itself, by TLS, and goes along as the request's host.
"""

import os
from typing import Any

from ministack import app
from ministack.services import cloudfront

from tenantry.local.patching import Fields, Original, require, wrap
from tenantry.local.settings import HOST


def close() -> None:
    """Close the gap."""
    require(app, "_EXECUTE_API_RE")
    wrap(cloudfront, "_origin_connect_target", _leading_here)


def _leading_here(target: Original, origin: Fields, viewer_is_https: bool) -> Any:  # noqa: FBT001 - MiniStack's
    if app._EXECUTE_API_RE.match(origin["domain_name"]):
        return HOST, int(os.environ["GATEWAY_PORT"]), True
    return target(origin, viewer_is_https)
