"""Probes of `apigateway.iam_denial`."""

from typing import Any

import requests
from requests_aws4auth import AWS4Auth

from tenantry.local.settings import REGION
from tests.local.emulator import MOCK, Emulator, allow
from tests.local.probes import probe


@probe(aws=[403, "*", True], ministack=[403, None, False])
def a_caller_whom_iam_refuses(emulator: Emulator) -> list[Any]:
    headers = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    url = emulator.api(MOCK, authorizationType="AWS_IAM", gateway_response=headers)
    credentials = emulator.user(allow("s3:ListBucket")).get_credentials()
    assert credentials is not None
    signature = AWS4Auth(credentials.access_key, credentials.secret_key, REGION, "execute-api")
    reply = requests.get(url, auth=signature, verify=str(emulator.cloud.ca_bundle), timeout=30)
    message = reply.json().get("message", "")
    return [reply.status_code, reply.headers.get("Access-Control-Allow-Origin"), "on resource: arn:" in message]
