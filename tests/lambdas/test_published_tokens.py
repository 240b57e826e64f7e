"""The tokens that the hands-on publishes count with its secret, and nowhere else."""

from __future__ import annotations

import secrets

import pytest

from tenancy.errors import UnauthorizedError
from tenancy.tokens import SharedSecretVerifier

# tenanta/user1, signed with the secret that the hands-on's code publishes.
_TOKEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIxIn0."
    "jAqNXRPDPR1U4VrLb6yubV8022JfzKoRpStriQhJRXA"
)
_SECRET = "aws-saas-factory"
pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key is .* below the minimum")


def test_it_counts_where_the_hands_on_is_played() -> None:
    claims = SharedSecretVerifier(_SECRET, "issuer", bare_tokens=True).verify(_TOKEN)

    assert claims == {"tenant_id": "tenanta", "user_id": "user1"}


@pytest.mark.parametrize(
    ("secret", "bare"), [(secrets.token_hex(32), False), (secrets.token_hex(32), True), (_SECRET, False)]
)
def test_it_is_refused_with_a_random_secret_and_where_bare_tokens_do_not_count(secret: str, *, bare: bool) -> None:
    with pytest.raises(UnauthorizedError):
        SharedSecretVerifier(secret, "issuer", bare_tokens=bare).verify(_TOKEN)
