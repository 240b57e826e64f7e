"""Adds the claim ``tenant``, the user's active tenant, to the tokens that Cognito is about to issue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import boto3
import requests
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities import parameters
from botocore.config import Config
from requests_aws4auth import AWS4Auth

from tenancy.identifiers import TenantId, UserId, tenant_id, user_id
from tenancy.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Cognito gives a hook five seconds, cold start included; a sign-in without the claim beats one that fails.
_PATIENCE_SECONDS: Final = 3.0
_HTTP_TIMEOUT_SECONDS: Final = (1.0, 2.0)
_PARAMETER_AGE_SECONDS: Final = 300


class _Settings(Settings):
    aws_region: str
    users_table: str
    admin_api_parameter: str


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
_quick = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
session = boto3.Session()
users = session.client("dynamodb", config=_quick)
ssm = parameters.SSMProvider(boto3_client=session.client("ssm", config=_quick))
http = requests.Session()
pool = ThreadPoolExecutor(max_workers=4)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer Cognito's version 2 event.

    Isolation: the claim comes from the directory alone; nothing that the user can set (attributes, client metadata)
    is read. Whoever has no tenant, or whose tenants cannot be learnt in time, gets no claim, and no access with it.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
    """
    event["response"] = {}
    try:
        tenant = pool.submit(active_tenant, user_id(event["userName"])).result(timeout=_PATIENCE_SECONDS)
    except Exception:  # whatever it was, the user signs in without the claim
        logger.exception("no claim: the user's tenants could not be learnt")
        return event
    logger.info("claim added" if tenant else "no claim: the user has no tenant yet", tenant=tenant)
    if tenant:
        claims = {"claimsToAddOrOverride": {"tenant": tenant}}
        event["response"] = {
            "claimsAndScopeOverrideDetails": {"idTokenGeneration": claims, "accessTokenGeneration": claims},
        }
    return event


def active_tenant(user: UserId) -> TenantId | None:
    """Return the user's active tenant, which counts only while they belong to it.

    As for the authorizers that ask the database (`tenancy.standing`), no other tenant takes its place.
    """
    wanted = pool.submit(_wanted_tenant, user)
    tenants = _tenants_of(user)
    active = wanted.result()
    return active if active in tenants else None


def _wanted_tenant(user: UserId) -> TenantId | None:
    found = users.get_item(
        TableName=settings.users_table,
        Key={"userid": {"S": user}},
        ProjectionExpression="activetenantid",
        ConsistentRead=True,
    )
    value = found.get("Item", {}).get("activetenantid")
    return tenant_id(value["S"]) if value else None


def _tenants_of(user: UserId) -> list[TenantId]:
    try:
        url = str(ssm.get(settings.admin_api_parameter, max_age=_PARAMETER_AGE_SECONDS))
    except parameters.GetParameterError:
        logger.warning("the tenant service is not deployed, or its address cannot be read")
        return []
    found = session.get_credentials()
    if found is None:
        raise RuntimeError("The function has no credentials.")
    credentials = found.get_frozen_credentials()  # they change while the function lives
    answer = http.get(
        f"{url}/tenants/{user}",
        auth=AWS4Auth(
            credentials.access_key,
            credentials.secret_key,
            settings.aws_region,
            "execute-api",
            session_token=credentials.token,
        ),
        timeout=_HTTP_TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    return [tenant_id(tenant) for tenant in answer.json()["tenants"]]
