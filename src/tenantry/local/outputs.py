"""The two files for scripts: the stacks' outputs, and shell exports for the local cloud."""

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from tenantry.local.settings import HOST, REGION, RootKey, read_json, write_private

Outputs = dict[str, dict[str, str]]

#: The shell variable for an output, whichever stack it is of.
VARIABLES = {
    "AppName": "APP_NAME",
    "TenantApiUrl": "TENANT_API_URL",
    "TenantAdminApiUrl": "TENANT_ADMIN_API_URL",
    "UserPoolId": "USER_POOL_ID",
    "UserPoolClientId": "USER_POOL_CLIENT_ID",
    "EventBusName": "EVENT_BUS_NAME",
    "StorageApiUrl": "STORAGE_API_URL",
    "EmployeesApiUrl": "EMPLOYEES_API_URL",
    "IngestApiUrl": "INGEST_API_URL",
    "DataLakeBucket": "DATA_LAKE_BUCKET",
    "MembershipApiUrl": "MEMBERSHIP_API_URL",
    "ParksApiUrl": "PARKS_API_URL",
    "DashboardUrl": "DASHBOARD_URL",
}
_DEFAULTS = {"APP_NAME": "tenantry"}

_CLOUDFRONT = re.compile(r"https://\w+\.cloudfront\.net")
_EXECUTE_API = re.compile(r"https://(\w+)\.execute-api\.[\w-]+\.[\w.]+/([^/\s]*)")


def local(outputs: Outputs, endpoint: str, page: str) -> Outputs:
    """Return the outputs with every URL replaced by one that answers on this machine, without a last slash.

    Parameters
    ----------
    outputs
        The outputs as the CDK CLI writes them.
    endpoint
        The URL that every service answers at.
    page
        The address of the deployed page for a browser.
    """
    return {
        stack: {name: _local_value(value, endpoint, page) for name, value in values.items()}
        for stack, values in sorted(outputs.items())
    }


def _local_value(value: str, endpoint: str, page: str) -> str:
    if not value.startswith("https://"):
        return value
    own = endpoint.replace(HOST, "localhost")  # how the emulator names itself in the URLs of queues
    url = value.replace(own, endpoint, 1) if value.startswith(own) else value
    url = _CLOUDFRONT.sub(page, url)
    return _EXECUTE_API.sub(lambda match: f"{endpoint}/_aws/execute-api/{match[1]}/{match[2]}", url).rstrip("/")


def connection(endpoint: str, root: RootKey, bundle: Path) -> dict[str, str]:
    """Return the environment variables that lead SDKs, curl and the AWS CLI to the local cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
        # A host prefix (`sync-states.`, `<account>.s3-control.`) would make a name of the address.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_CA_BUNDLE": str(bundle),
        "CURL_CA_BUNDLE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(bundle),
        "NODE_EXTRA_CA_CERTS": str(bundle),  # the CDK CLI
        **_without_proxy(),
    }


def _without_proxy() -> dict[str, str]:
    """Return the variables by which a proxy of the shell is not asked for this machine's own addresses."""
    shell = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    excepted = shell.replace(",", " ").split()
    # `*` stands for every machine only when it stands alone.
    value = "*" if excepted == ["*"] else ",".join(dict.fromkeys((HOST, "localhost", *excepted)))
    return {"NO_PROXY": value, "no_proxy": value}


def shell_variables(outputs: Outputs) -> dict[str, str]:
    """Return the shell variables of the outputs that have one."""
    found = {
        VARIABLES[name]: value for values in outputs.values() for name, value in values.items() if name in VARIABLES
    }
    return {**_DEFAULTS, **found}


def write_env(path: Path, exports: Mapping[str, str]) -> None:
    """Write the shell exports, readable by their owner only."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    # A session token or a profile of another account would take precedence over the key.
    write_private(path, "\n".join(["unset AWS_SESSION_TOKEN AWS_PROFILE", *lines, ""]))


def read_outputs(path: Path) -> Outputs | None:
    """Return the outputs of a file, or None when it holds none."""
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        return None
    return {stack: {name: str(value) for name, value in values.items()} for stack, values in found.items()}


def write_outputs(path: Path, outputs: Outputs) -> None:
    """Write the outputs."""
    path.write_text(json.dumps(outputs, indent=2) + "\n")
