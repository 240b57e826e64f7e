"""Signatures of requests."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.credentials import ReadOnlyCredentials

from tenantry.attacks.sigv4 import Signer


def test_signature_has_the_given_date() -> None:
    signer = Signer(
        credentials=ReadOnlyCredentials("AKID", "secret", None),
        region="eu-west-1",
        service="s3",
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    headers = signer.headers("GET", "https://host.example/prod/tenants/x")
    assert headers["X-Amz-Date"] == "20260102T030405Z"
    assert "Credential=AKID/20260102/eu-west-1/s3/aws4_request" in headers["Authorization"]
