"""CloudFormation deletes a bucket as S3 does: only when nothing is in it.

AWS: a bucket with an object, a version, a delete marker or an access point is not deleted, and the stack ends in
DELETE_FAILED, with the bucket.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html

MiniStack: forgets the bucket with all that is in it, though its `DeleteBucket` refuses.

Here: CloudFormation asks `DeleteBucket`.
"""

from ministack.services import s3

from localcloud.gaps import cloudformation
from localcloud.gaps.patching import require


def close() -> None:
    """Close the gap."""
    require(s3, "_delete_bucket", "_buckets")
    cloudformation.handlers("AWS::S3::Bucket")["delete"] = _delete


def _delete(name: str, _: cloudformation.Properties) -> None:
    if name not in s3._buckets:  # somebody has deleted it
        return
    status, _, body = s3._delete_bucket(name)
    if status >= 400:  # noqa: PLR2004 - HTTP's first error
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
