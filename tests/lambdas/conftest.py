"""Settings and credentials that let the functions be imported; nothing here reaches AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTINGS = {
    "ADMIN_API_PARAMETER": "/app/tenant-admin-api-url",
    "ACCOUNT_CHANGES_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:account-changes",
    "APPLICATION": "app",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "CONFIRMATION_PROOF_REQUIRED": "false",
    "CORS_HEADERS": '{"Access-Control-Allow-Origin": "https://app.example"}',
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "EVENT_BUS_NAME": "app-application-eventbus",
    "INVITATIONS_TABLE": "app-invitations",
    "INVITATION_DAYS": "14",
    "OPERATOR_ACCOUNTS_FOUND_TENANTS": "false",
    "TENANTS_TABLE": "app-tenants",
    "TENANT_USERS_TABLE": "app-tenant-users",
    "USERS_TABLE": "app-users",
}


@pytest.fixture(autouse=True)
def function_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SETTINGS.items():
            patch.setenv(name, value)
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield
