"""The five partition modes. Each works with a session of one tenant and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from tenantry.model.errors import BadRequestError, ForbiddenError, NotFoundError, TooLargeError
from tenantry.model.names import key_refusal
from tenantry.model.tags import OBJECT_TENANT_TAG, OBJECT_USER_TAG
from tenantry.runtime.batches import get
from tenantry.runtime.rest import REPLY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, PaginatorConfigTypeDef

    from tenantry.model.caller import TenantCaller

_KEY_BYTES: Final = 1024  # S3's limit, for the whole key
_CONTENT_TYPE: Final = "text/plain; charset=utf-8"
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_NOT_THERE_YET: Final = frozenset({"NoSuchBucket", "NoSuchAccessPoint"})


class NotOnboardedError(Exception):
    """The tenant's own bucket or access point does not exist yet."""


@dataclass
class Partition(ABC):
    """Where the objects of one user of one tenant are.

    Attributes
    ----------
    s3
        S3, with credentials vended for the caller.
    bucket
        Name of the bucket, or ARN of an access point.
    prefix
        What the caller's keys begin with, the closing slash included.
    """

    s3: S3Client
    bucket: str
    prefix: str

    def put(self, key: str, value: str) -> None:
        """Store an object under a key of the caller's.

        Raises
        ------
        BadRequestError
            The key is not usable.
        ForbiddenError
            S3 denies it.
        NotOnboardedError
            The tenant has no bucket or access point yet.
        """
        with _denials():
            self._write(self._full(key), value.encode())

    def check(self, key: str) -> None:
        """Check that a key is usable, before anything is called.

        Raises
        ------
        BadRequestError
            It is not.
        """
        self._full(key)

    def names(self, *, after: str = "", limit: int | None = None) -> list[str]:
        """Return the keys of the caller's objects, however many pages that takes; no call an object.

        Parameters
        ----------
        after
            The key after which they begin, in the order of their UTF-8; empty for all.
        limit
            How many at most; None for all.

        Raises
        ------
        BadRequestError
            No object of the caller's can have the key.
        ForbiddenError
            S3 denies it.
        """
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=self.prefix,
                StartAfter=self._after(after),
                PaginationConfig=_at_most(limit),
            )
            return [found["Key"].removeprefix(self.prefix) for page in pages for found in page.get("Contents", [])]
        except ClientError as error:
            if _code(error) in _NOT_THERE_YET:
                return []
            with _denials():
                raise

    def get(self, key: str) -> str:
        """Return an object's content.

        Raises
        ------
        BadRequestError
            The key is not usable.
        NotFoundError
            The caller has no such object.
        TooLargeError
            It was written in another way than through this, and fits into no reply.
        """
        try:
            return self._read(self._full(key)).decode()
        except ClientError as error:
            # Without ListBucket on it, S3 says AccessDenied of an object that does not exist.
            if _code(error) in _MISSING | _NOT_THERE_YET | {"AccessDenied"}:
                raise NotFoundError("No such object") from None
            raise

    def _full(self, key: str, name: str = "key") -> str:
        reason = _refusal(key, _KEY_BYTES - len(self.prefix.encode()))
        if reason:
            raise BadRequestError(f"{name}: {reason}")
        return self.prefix + key

    def _after(self, key: str) -> str:
        return self._full(key, "after") if key else self.prefix

    @abstractmethod
    def _write(self, full_key: str, content: bytes) -> None: ...

    def _read(self, full_key: str) -> bytes:
        return _content(self.s3.get_object(Bucket=self.bucket, Key=full_key))

    def _put_object(self, full_key: str, content: bytes, **more: Any) -> Any:  # noqa: ANN401 - boto3's own types
        try:
            return self.s3.put_object(Bucket=self.bucket, Key=full_key, Body=content, ContentType=_CONTENT_TYPE, **more)
        except ClientError as error:
            if _code(error) in _NOT_THERE_YET:
                raise NotOnboardedError from None
            raise


class PlainPartition(Partition):
    """By bucket, prefix or access point: the credentials say it all."""

    def _write(self, full_key: str, content: bytes) -> None:
        self._put_object(full_key, content)


@dataclass
class TaggedPartition(Partition):
    """By the tags of the object, given in the call that writes it: there is no moment without them."""

    caller: TenantCaller

    def _write(self, full_key: str, content: bytes) -> None:
        tags = {OBJECT_TENANT_TAG: self.caller.tenant_id, OBJECT_USER_TAG: self.caller.user_id}
        self._put_object(full_key, content, Tagging=urlencode(tags))


@dataclass
class DocumentedPartition(Partition):
    """By the row of a table, which says which version of the object counts.

    The object is written first and the row after it, so that a row never names what is not there. Until the row is
    written, readers get the version that the row named before; if the database refuses it, the new version is removed.
    Where nobody can know whether the row was written, the version stays: it is either what the row names, or unseen.
    """

    caller: TenantCaller
    database: DynamoDBClient
    table: str

    @property
    def _row_key(self) -> str:
        return f"{self.caller.tenant_id}^{self.caller.user_id}"  # "^" is legal in neither id

    def names(self, *, after: str = "", limit: int | None = None) -> list[str]:
        """Return the keys of the rows of the caller, which are in the same order."""
        pages = self.database.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="id_concat = :owner AND key_name > :after",
            ExpressionAttributeValues={":owner": {"S": self._row_key}, ":after": {"S": self._after(after)}},
            ProjectionExpression="key_name",
            PaginationConfig=_at_most(limit),
        )
        return [row["key_name"]["S"].removeprefix(self.prefix) for page in pages for row in page["Items"]]

    def _write(self, full_key: str, content: bytes) -> None:
        written = self._put_object(full_key, content)
        version = written["VersionId"]
        try:
            self.database.put_item(
                TableName=self.table,
                Item={
                    "id_concat": {"S": self._row_key},
                    "key_name": {"S": full_key},
                    "tenant_id": {"S": self.caller.tenant_id},
                    "user_id": {"S": self.caller.user_id},
                    "bucket_name": {"S": self.bucket},
                    "url": {"S": f"https://{self.bucket}.s3.amazonaws.com/{full_key}"},
                    "last_modified": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")},
                    "size": {"N": str(len(content))},
                    "etag": {"S": written["ETag"]},
                    "contenttype": {"S": _CONTENT_TYPE},
                    "version_id": {"S": version},
                },
            )
        except ClientError as error:
            if _surely_refused(error):
                self.s3.delete_object(Bucket=self.bucket, Key=full_key, VersionId=version)
            raise

    def _read(self, full_key: str) -> bytes:
        key = {"id_concat": {"S": self._row_key}, "key_name": {"S": full_key}}
        row = get(self.database, self.table, key, ["version_id"])
        if row is None:
            raise NotFoundError("No such object")
        version = row["version_id"]["S"]
        return _content(self.s3.get_object(Bucket=self.bucket, Key=full_key, VersionId=version))


def _refusal(key: str, longest: int) -> str:
    """Return why a key is not usable; empty if it is."""
    if reason := key_refusal(key):
        return reason
    if len(key.encode()) > longest:
        return f"must have at most {longest} bytes"
    return ""


def _surely_refused(error: ClientError) -> bool:
    """Return whether nothing was written. Nobody knows after the service's own errors, or a try that had no answer."""
    answer = error.response["ResponseMetadata"]
    return answer["HTTPStatusCode"] < HTTPStatus.INTERNAL_SERVER_ERROR and not answer["RetryAttempts"]


@contextmanager
def _denials() -> Iterator[None]:
    """Turn S3's denial into the caller's error.

    Such as for a tenant whose name is another's but for upper and lower case: the bucket of that name is not theirs.
    """
    try:
        yield
    except ClientError as error:
        if _code(error) == "AccessDenied":
            raise ForbiddenError("Forbidden") from None
        raise


def _at_most(limit: int | None) -> PaginatorConfigTypeDef:
    return {} if limit is None else {"MaxItems": limit}


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _content(found: GetObjectOutputTypeDef) -> bytes:
    if found["ContentLength"] > REPLY_BYTES:  # before it fills the memory
        raise TooLargeError(f"key: the object has {found['ContentLength']} bytes; a reply is limited to 6 MB")
    content: bytes = found["Body"].read()
    return content
