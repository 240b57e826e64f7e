"""Buckets: every version, delete marker and unfinished upload, access points, then the bucket itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.operate.teardown.removal.hand import Hand, NotRemovedError, Removal, code, if_there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_PAGE: Final = 1000  # the most that S3 lists, and deletes, at once
_COUNTED_PAGES: Final = 20
_HIDDEN: Final = "objects behind access points"


def regional(hand: Hand) -> Iterator[str]:
    """List the account's buckets of the region at hand."""
    for page in hand.aws.s3.get_paginator("list_buckets").paginate():
        for bucket in page["Buckets"]:
            region = bucket.get("BucketRegion") or _region(hand, bucket["Name"])
            if region == hand.aws.region:
                yield bucket["Name"]


def access_points(hand: Hand, bucket: str) -> list[str]:
    """Return the names of a bucket's access points."""
    names, token = list[str](), ""
    while True:
        more: dict[str, Any] = {"NextToken": token} if token else {}
        found = hand.aws.s3control.list_access_points(AccountId=hand.account, Bucket=bucket, **more)
        names += [point["Name"] for point in found["AccessPointList"] if point["Bucket"] == bucket]
        token = found.get("NextToken", "")
        if not token:
            return names


def empty(hand: Hand, bucket: str) -> None:
    """Take everything out of a bucket, a page at a time, and its access points off it.

    Raises
    ------
    NotRemovedError
        S3 keeps an object.
    """
    s3 = hand.aws.s3
    # It may refuse to list or delete whoever comes without a tenant's access point.
    if_there(lambda: s3.delete_bucket_policy(Bucket=bucket, ExpectedBucketOwner=hand.account))
    for point in access_points(hand, bucket):
        hand.aws.s3control.delete_access_point(AccountId=hand.account, Name=point)
    done = 0
    while versions := _page(hand, bucket):
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": versions, "Quiet": True}, ExpectedBucketOwner=hand.account
        )
        if errors := answer.get("Errors"):
            first = errors[0]
            raise NotRemovedError(
                f"S3 did not delete {len(errors)} objects, such as {first.get('Key')}: {first.get('Message')}"
            )
        done += len(versions)
        hand.tell(f"{bucket}: {done:,} versions and delete markers removed")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, ExpectedBucketOwner=hand.account):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"], ExpectedBucketOwner=hand.account
            )


def _page(hand: Hand, bucket: str) -> list[ObjectIdentifierTypeDef]:
    found = hand.aws.s3.list_object_versions(Bucket=bucket, MaxKeys=_PAGE, ExpectedBucketOwner=hand.account)
    return [
        {"Key": version["Key"], "VersionId": version["VersionId"]}
        for version in (*found.get("Versions", []), *found.get("DeleteMarkers", []))
    ]


def _region(hand: Hand, bucket: str) -> str:
    # us-east-1 is the one region that has no name here.
    try:
        return hand.aws.s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    except ClientError:
        return ""  # it is going, or not ours to look at


def _amount(hand: Hand, bucket: str) -> str | None:
    owner = hand.account
    try:
        hand.aws.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except ClientError as error:
        if code(error) in {"404", "NoSuchBucket"}:
            return None
        if code(error) not in {"403", "AccessDenied"}:
            raise
        # Somebody else's by now, or one whose policy lets nobody list it but through access points.
        return _HIDDEN if bucket in set(regional(hand)) else None
    count, pages = 0, hand.aws.s3.get_paginator("list_object_versions")
    try:
        for number, page in enumerate(pages.paginate(Bucket=bucket, ExpectedBucketOwner=owner), start=1):
            count += len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
            if number == _COUNTED_PAGES:
                return f"more than {count:,} versions"
    except ClientError as error:
        if code(error) != "AccessDenied":
            raise
        return _HIDDEN
    return f"{count:,} versions"


def _remove(hand: Hand, bucket: str) -> None:
    empty(hand, bucket)
    if_there(lambda: hand.aws.s3.delete_bucket(Bucket=bucket, ExpectedBucketOwner=hand.account))


BUCKET: Final = Removal(amount=_amount, remove=_remove)
