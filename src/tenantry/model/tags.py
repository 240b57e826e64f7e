"""Names of tags: those of vended sessions, which policies are bound to, and those of objects."""

from __future__ import annotations

from typing import Final, TypedDict

TENANT_ID_TAG: Final = "TenantId"
"""The session tag that holds the tenant's id, exactly."""

TENANT_NAME_TAG: Final = "TenantName"
"""The session tag that holds the tenant's id in lower case, for AWS names that must be."""

PURPOSE_TAG: Final = "Purpose"
"""The session tag that names what the session was vended for."""

TENANT_TAGS: Final = (TENANT_ID_TAG, TENANT_NAME_TAG)
SESSION_TAGS: Final = (*TENANT_TAGS, PURPOSE_TAG)
"""All tags of a vended session."""

OBJECT_TENANT_TAG: Final = "tenant_id"
"""The tag of an object that says whose it is."""

OBJECT_USER_TAG: Final = "user_id"
"""The tag of an object that says which user's it is."""


class Tag(TypedDict):
    """A tag, as AWS takes it."""

    Key: str
    Value: str


def session_tags(tenant: str, purpose: str) -> list[Tag]:
    """Return the tags of a tenant's session, as STS takes them."""
    return [
        {"Key": key, "Value": value} for key, value in zip(SESSION_TAGS, (tenant, tenant.lower(), purpose), strict=True)
    ]


def principal_tag(tag: str) -> str:
    """Return IAM's condition key of a tag of the session that asks."""
    return f"aws:PrincipalTag/{tag}"


def request_tag(tag: str) -> str:
    """Return IAM's condition key of a tag that a new session would get."""
    return f"aws:RequestTag/{tag}"


def policy_variable(key: str) -> str:
    """Return the policy variable that stands for the value of a condition key."""
    return f"${{{key}}}"
