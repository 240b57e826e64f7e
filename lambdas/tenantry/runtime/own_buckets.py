"""S3 for buckets of one account only: a bucket of another account is never read or written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

    _Client = TypeVar("_Client", bound=BaseClient)

# As S3 calls them: whose the bucket must be, and that which is copied from.
_OWNERS: Final = ("ExpectedBucketOwner", "ExpectedSourceBucketOwner")


def only_own_buckets(client: _Client, account: str) -> _Client:
    """Add the expected bucket owner to every call of an S3 client that takes one.

    Isolation: S3 answers 403 (AccessDenied) of a bucket that another account owns, whatever its owner allows. Of the
    calls that are made here, only `CreateBucket` cannot say it; S3 answers that one with BucketAlreadyExists.

    Parameters
    ----------
    client
        S3.
    account
        The account that owns the buckets.

    References
    ----------
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    def expect(params: dict[str, Any], model: OperationModel, **_: object) -> None:
        members = model.input_shape.members if model.input_shape else {}
        for name in _OWNERS:
            if name in members:
                params.setdefault(name, account)

    client.meta.events.register("before-parameter-build.s3", expect, unique_id="only-own-buckets")
    return client
