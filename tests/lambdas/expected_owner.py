"""S3 with a check: each call must name the expected bucket owner if it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient
    from botocore.model import ServiceModel

ACCOUNT: Final = "123456789012"
_HEADERS: Final = {
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "ExpectedSourceBucketOwner": "x-amz-source-expected-bucket-owner",
}


def headers_of(model: ServiceModel, operation: str) -> set[str]:
    """Return the headers by which an operation of S3 can say whose a bucket must be."""
    shape = model.operation_model(operation).input_shape
    return {header for name, header in _HEADERS.items() if shape and name in shape.members}


def demand_owners(client: BaseClient, account: str = ACCOUNT) -> list[str]:
    """Have each call fail that does not name the owner where it could; return the calls, which are added as they come."""
    calls: list[str] = []

    def check(request: AWSPreparedRequest, event_name: str, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        calls.append(operation)
        said: dict[str, Any] = {name.lower(): value for name, value in request.headers.items()}
        for header in headers_of(client.meta.service_model, operation):
            found = said.get(header)
            named = found.decode() if isinstance(found, bytes) else found
            assert named == account, f"{operation} says {named!r} by {header}"

    client.meta.events.register_first("before-send.s3", check)
    return calls
