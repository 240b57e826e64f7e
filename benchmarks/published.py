"""The way of the code that this project started from, as far as its calls go, by its own description.

Each request is served with an AssumeRole, a HeadBucket and new clients; a listing by tags asks for the tags of each
object. See `benchmarks.vending`, which runs it beside ours.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

import boto3

_BUCKETS: Final = {"prefix": "PREFIX_BUCKET", "tag": "TAG_BUCKET", "db_nosql": "DOCUMENTS_BUCKET"}


def handler(event: dict[str, Any], _context: object) -> None:
    """Serve a request as the storage API takes it: a PUT, or a GET that lists."""
    caller, partition = event["requestContext"]["authorizer"], event["queryStringParameters"]["partition"]
    bucket, prefix = os.environ[_BUCKETS[partition]], f"{caller['tenantId']}/{caller['userId']}/"
    keys = _assume(caller["tenantId"], bucket, prefix)
    s3 = boto3.client("s3", **keys)
    s3.head_bucket(Bucket=bucket)
    if event["httpMethod"] == "PUT":
        new = json.loads(event["body"])
        s3.put_object(Bucket=bucket, Key=prefix + new["key"], Body=new["value"].encode())
        if partition == "db_nosql":
            row = {"id_concat": {"S": f"{caller['tenantId']}^{caller['userId']}"}, "key_name": {"S": new["key"]}}
            boto3.client("dynamodb", **keys).put_item(TableName=os.environ["DOCUMENTS_TABLE"], Item=row)
        return
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            if partition == "tag":
                s3.get_object_tagging(Bucket=bucket, Key=found["Key"])


def _assume(tenant: str, bucket: str, prefix: str) -> Any:  # noqa: ANN401 - boto3's keyword arguments
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObjectTagging"], "Resource": f"{arn}/{prefix}*"},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    answer = boto3.client("sts").assume_role(RoleArn=os.environ["ROLE"], RoleSessionName=tenant, Policy=policy)
    return {
        "aws_access_key_id": answer["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": answer["Credentials"]["SecretAccessKey"],
        "aws_session_token": answer["Credentials"]["SessionToken"],
    }
