"""Probes of `apigateway.signing_scope`."""

import requests
from requests_aws4auth import AWS4Auth

from tenantry.local.settings import REGION
from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe


@probe(aws=[200, 403], ministack=[200, 200])
def a_signature_for_another_service(emulator: Emulator) -> list[int]:
    url, root = emulator.api(MOCK, authorizationType="AWS_IAM"), emulator.cloud.session().get_credentials()
    assert root is not None
    signatures = [AWS4Auth(root.access_key, root.secret_key, REGION, service) for service in ("execute-api", "s3")]
    bundle = str(emulator.cloud.ca_bundle)
    return [requests.get(url, auth=signature, verify=bundle, timeout=30).status_code for signature in signatures]
