"""Reading a stream requires a permission on that stream.

AWS: a shard iterator belongs to one stream, and `kinesis:GetRecords` is authorized on that stream.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html

MiniStack: authorizes it on `*`, so that only a permission on all streams is enough.

Here: the stream is read from the iterator.
"""

from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import request_scope
from ministack.services import kinesis

from tenantry.local.patching import Original, read_object, require, wrap


def close() -> None:
    """Close the gap."""
    require(kinesis, "_shard_iterators")
    wrap(iam_actions, "extract_resource_arn", _of_iterators)


def _of_iterators(extract: Original, service: str, *request: Any) -> Any:
    found = extract(service, *request)
    if service != "kinesis" or found != "*":
        return found
    _, _, _, body, _, region, account = request
    iterator = read_object(body).get("ShardIterator")
    with request_scope(account, region):
        state = kinesis._shard_iterators.get(iterator) if isinstance(iterator, str) else None
    return state["stream_arn"] if state else found
