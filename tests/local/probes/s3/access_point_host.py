"""Probes of `s3.access_point_host`."""

import re

import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=["its own", "NoSuchAccessPoint"], ministack=["the access point's", "NoSuchBucket"])
def a_bucket_named_as_an_access_point_with_its_account(emulator: Emulator) -> list[str]:
    s3, shared, name = emulator.client("s3"), emulator.bucket(), emulator.name("ap")
    own = f"{name}-{ACCOUNT}"
    s3.create_bucket(Bucket=own)
    emulator.stack(Point={"Type": "AWS::S3::AccessPoint", "Properties": {"Name": name, "Bucket": shared}})

    _at_host(emulator, "PUT", f"{own}.s3.{REGION}.amazonaws.com", "/k")
    missing = _at_host(emulator, "GET", f"{name}-missing-{ACCOUNT}.s3-accesspoint.{REGION}.amazonaws.com", "/k")

    written = "its own" if s3.list_objects_v2(Bucket=own)["KeyCount"] else "the access point's"
    code = re.search("<Code>(.*)</Code>", missing)
    return [written, code[1] if code else missing]


def _at_host(emulator: Emulator, method: str, host: str, path: str) -> str:
    """Send root's request as one sends it to a host of AWS, and return the answer."""
    request = AWSRequest(method, f"https://{host}{path}", data=b"x" if method == "PUT" else b"")
    credentials = emulator.cloud.session().get_credentials()
    assert credentials
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    answer = requests.request(
        method,
        f"{emulator.cloud.endpoint}{path}",
        headers={**dict(request.headers), "Host": host},
        data=request.data,
        verify=str(emulator.cloud.ca_bundle),
        timeout=10,
    )
    return answer.text
