"""Probes of `s3.bucket_owner`."""

from functools import partial

from tenantry.local.settings import ACCOUNT
from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe


@probe(aws=["done", *["AccessDenied"] * 5, "done"], ministack=["done", *["done"] * 5, "done"])
def a_bucket_of_an_expected_owner(emulator: Emulator) -> list[str]:
    s3, bucket, stranger = emulator.client("s3"), emulator.bucket(), "999999999999"
    s3.put_object(Bucket=bucket, Key="x", Body=b"x")
    source = {"Bucket": bucket, "Key": "x"}
    calls = [
        partial(s3.get_object, Bucket=bucket, Key="x", ExpectedBucketOwner=ACCOUNT),
        partial(s3.get_object, Bucket=bucket, Key="x", ExpectedBucketOwner=stranger),
        partial(s3.put_object, Bucket=bucket, Key="x", Body=b"y", ExpectedBucketOwner=stranger),
        partial(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner=stranger),
        partial(s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner=stranger),
        partial(s3.copy_object, Bucket=bucket, Key="y", CopySource=source, ExpectedSourceBucketOwner=stranger),
        partial(s3.copy_object, Bucket=bucket, Key="y", CopySource=source, ExpectedSourceBucketOwner=ACCOUNT),
    ]
    return [outcome(call) for call in calls]
