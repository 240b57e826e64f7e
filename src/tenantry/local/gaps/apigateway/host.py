"""An API answers at its own host name.

AWS: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`, and a SigV4 signature covers that host.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html

MiniStack: answers at its own host name, without a region.

Here: AWS's host name is used instead.
"""

import re

from ministack import app

from tenantry.local.patching import replace

_HOST = re.compile(r"^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::\d+)?$")


def close() -> None:
    """Close the gap."""
    replace(app, "_EXECUTE_API_RE", _HOST)
