"""A certificate is exchanged as rarely as possible, and before credentials expire."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import responses

from tenantry.ingest_client import CertificateRefusedError, CredentialsProvider, Device, DeviceError, TransientError
from tests.ingest_client.conftest import CREDENTIALS, DEVICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest_client.conftest import Cloud


@pytest.fixture
def provider(cloud: Cloud, folder: Path) -> CredentialsProvider:
    return CredentialsProvider(folder, now=lambda: cloud.now)


def test_credentials_are_cached_until_shortly_before_expiry(provider: CredentialsProvider, cloud: Cloud) -> None:
    first = provider.get()
    cloud.now += timedelta(minutes=9)
    assert provider.get() is first
    cloud.now += timedelta(minutes=2)
    assert provider.get() is not first
    assert cloud.issued == 2


def test_short_lived_credentials_are_cached_for_most_of_their_life(provider: CredentialsProvider, cloud: Cloud) -> None:
    cloud.life = timedelta(minutes=3)
    first = provider.get()
    cloud.now += timedelta(minutes=1, seconds=50)
    assert provider.get() is first
    cloud.now += timedelta(seconds=20)
    assert provider.get() is not first


def test_outage_before_expiry_uses_cached_credentials(provider: CredentialsProvider, cloud: Cloud) -> None:
    first = provider.get()
    cloud.unreachable = True
    cloud.now += timedelta(minutes=14)
    assert provider.get() is first
    cloud.now += timedelta(minutes=2)
    with pytest.raises(TransientError, match="ConnectionError"):
        provider.get()


def test_revoked_certificate_is_reported(provider: CredentialsProvider, cloud: Cloud) -> None:
    cloud.refuses = True
    with pytest.raises(CertificateRefusedError, match=r"tenantry:T001:pos-1.*Access Denied.*tenantry devices list"):
        provider.get()


def test_rotated_certificate_is_used_at_the_next_exchange(
    provider: CredentialsProvider, cloud: Cloud, folder: Path
) -> None:
    assert provider.get().device.certificate.name == "certificate.pem"
    (folder / "device.json").write_text(json.dumps({**DEVICE, "certificate": "newer.pem"}))
    cloud.now += timedelta(minutes=11)
    assert provider.get().device.certificate.name == "newer.pem"


def test_refused_credentials_are_replaced_once(provider: CredentialsProvider, cloud: Cloud) -> None:
    first = provider.get()
    provider.forget(first)
    second = provider.get()
    provider.forget(first)  # somebody else's refusal, which comes late
    assert provider.get() is second
    assert cloud.issued == 2


def test_concurrent_requests_make_one_exchange(provider: CredentialsProvider, cloud: Cloud) -> None:
    threads = [threading.Thread(target=provider.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cloud.issued == 1


@pytest.mark.parametrize(("status", "body"), [(200, "[]"), (200, "{}"), (500, ""), (429, "")])
def test_reply_without_credentials_is_retried(folder: Path, status: int, body: str) -> None:
    with responses.RequestsMock() as network:
        network.get(CREDENTIALS, status=status, body=body)
        with pytest.raises(TransientError, match=str(status)):
            CredentialsProvider(folder).get()


def test_repr_hides_the_secret(provider: CredentialsProvider) -> None:
    shown = repr(provider.get())
    assert "'secret'" not in shown
    assert "'token'" not in shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "holds no device.json"),
        ("{", "cannot be read"),
        ("[]", "lacks tenant"),
        ('{"tenant": 1}', "lacks tenant"),
    ],
)
def test_folder_of_no_server_is_refused(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "device.json").write_text(content)
    with pytest.raises(DeviceError, match=told):
        Device.load(tmp_path)
