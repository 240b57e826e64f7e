"""Send the AWS host names to the local cloud; runs at the start of every Lambda worker, before the function.

It stands in for the network: on AWS these names lead to AWS. Functions use them as they would there, and so every
request carries the host name, and the signature for it, that AWS would see. Of public DNS it knows sslip.io, whose
names hold the address that they stand for: `10-0-0-1.sslip.io` is 10.0.0.1 everywhere.

A `.pth` file imports this module, for there may be a `sitecustomize` already. It must not import anything but the
standard library.
"""

import os
import re
import socket
from typing import Any

_SUFFIXES = (".amazonaws.com", ".amazoncognito.com", ".on.aws", ".cloudfront.net")
_HTTPS = ("443", "https")
_SSLIP = re.compile(r"(?:[\w-]+\.)*?(?:(\d+-\d+-\d+-\d+)|([0-9a-f]*-[0-9a-f-]*))\.sslip\.io", re.IGNORECASE)

# The emulator's own, which AWS does not set. AWS_ENDPOINT_URL would hide that functions use the real names.
_FOREIGN = {
    "AUTH",
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "AWS_ENDPOINT_URL",
    "BIND_HOST",
    "DOCKER_HOST",
    "GATEWAY_PORT",
    "IOT_MTLS_ENABLED",
    "PERSIST_STATE",
    "S3_DATA_DIR",
    "S3_PERSIST",
    "SFTP_ENABLED",
    "STATE_DIR",
    "USE_SSL",
}

_gateway = ("127.0.0.1", int(os.environ["GATEWAY_PORT"]))
for _name in list(os.environ):
    if _name in _FOREIGN or _name.startswith(("MINISTACK_", "TENANTRY_LOCAL", "TENANTRY_WITHOUT")):
        del os.environ[_name]
_getaddrinfo = socket.getaddrinfo


def _local_getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - takes many types
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").lower().endswith(_SUFFIXES) and str(port) in _HTTPS:
        return _getaddrinfo(*_gateway, *args, **kwargs)
    if isinstance(name, str) and (known := _SSLIP.fullmatch(name)):
        address = known[1].replace("-", ".") if known[1] else known[2].replace("-", ":")
        return _getaddrinfo(address, port, *args, **kwargs)
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = _local_getaddrinfo
