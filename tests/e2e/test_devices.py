"""A server in the deployed system: its certificate is issued, used, rotated and revoked."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.attacks.devices import Servers
from tenantry.cli.main import main
from tenantry.extras import EXIT_USAGE
from tenantry.ingest_client import (
    CertificateRefusedError,
    Counters,
    Credentials,
    CredentialsProvider,
    Drop,
    DropReason,
    IngestClient,
)
from tenantry.ingest_client.api import IngestApi
from tenantry.ingest_client.buffer import Item
from tenantry.local.settings import find_project
from tenantry.operate.devices.registry import Registry
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tenantry.attacks.devices import Bearer
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

    Tenantry = Callable[..., int]

_PATIENCE: Final = 20
ANYTHING: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}],
}


@pytest.fixture
def tenantry(deployed: LocalCloud) -> Tenantry:
    """Return the command, for the deployed system."""
    return lambda *arguments: main(["devices", *map(str, arguments), "--state", str(deployed.folder.root)])


@pytest.fixture
def tenant() -> str:
    return f"D{secrets.token_hex(4)}"


@pytest.fixture
def listed(tenantry: Tenantry, tenant: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, str]]]:
    def lines(*options: str) -> list[dict[str, str]]:
        capsys.readouterr()
        assert tenantry("list", "--tenant", tenant, "--json", *options) == 0
        return list(json.loads(capsys.readouterr().out))

    return lines


@pytest.fixture
def till(tenantry: Tenantry, tenant: str, tmp_path: Path) -> Path:
    """Return the folder of a new server of the tenant."""
    folder = tmp_path / "till"
    assert tenantry("issue", tenant, "till", "--out", folder) == 0
    return folder


def test_server_sends_across_certificate_rotations(
    tenantry: Tenantry, till: Path, tenant: str, listed: Callable[..., list[dict[str, str]]]
) -> None:
    drops: list[Drop] = []
    client = IngestClient(till, on_drop=drops.append)
    old = CredentialsProvider(till)
    assert old.get().device.tenant == tenant
    for number in range(3):
        client.put({"n": number})
    assert client.flush(_PATIENCE)

    # Both work while the rotation is under way; the client is not restarted.
    before = (till / "device.json").read_text()
    assert tenantry("rotate", till) == 0
    assert [line["status"] for line in listed()] == ["ACTIVE", "ACTIVE"]
    assert (till / "device.json").read_text() != before
    client.put({"n": 3})
    assert client.flush(_PATIENCE)
    assert tenantry("rotate", till) == EXIT_USAGE  # not a third one
    assert tenantry("rotate", till, "--finish") == 0
    assert [line["status"] for line in listed()] == ["ACTIVE"]
    assert sorted(line["status"] for line in listed("--all")) == ["ACTIVE", "REVOKED"]
    assert len(list(till.glob("*.pem"))) == 3  # the key, the certificate and the authority

    assert tenantry("revoke", tenant, "till", "--yes") == 0
    assert listed() == []
    client.put({"n": 4})
    assert client.flush(_PATIENCE)  # with credentials from before, as the command has said
    client._api._credentials.forget(client._api._credentials.get())  # noqa: SLF001 - a quarter of an hour later
    client.put({"n": 5})
    until(lambda: client.flush(_PATIENCE) or client.error is not None, "an end of the flush", timeout=_PATIENCE)
    assert isinstance(client.error, CertificateRefusedError)
    assert drops == [Drop(reason=DropReason.STOPPED, records=(b'{"n":5}',))]
    assert replace(client.close(), retries=0) == Counters(accepted=6, sent=5, dropped=1)


def test_expired_credentials_are_replaced(till: Path) -> None:
    class Stale(CredentialsProvider):
        """Holds credentials that nobody knows any more."""

        given = 0

        def get(self) -> Credentials:
            self.given += 1
            known = super().get()
            return replace(known, session_token="ended") if self.given == 1 else known

    provider = Stale(till)
    assert IngestApi(provider).send([Item(b'{"n":1}', 0.0)]) == []
    assert provider.given == 2


def test_servers_of_a_tenant_share_one_rate_limit(
    tenantry: Tenantry, till: Path, tenant: str, tmp_path: Path, world: World
) -> None:
    other = tmp_path / "other"
    assert tenantry("issue", tenant, "other", "--out", other) == 0
    keys = {json.loads((folder / "device.json").read_text())["api_key"] for folder in (till, other)}
    assert len(keys) == 1
    plan = world.target.environment.output("ingestion", "IngestUsagePlanId")  # type: ignore[union-attr] # it has one
    found = world.target.aws.apigateway.get_usage_plan_keys(usagePlanId=plan)["items"]
    assert [key["value"] for key in found if key["name"] == f"tenantry-{tenant}"] == list(keys)


def test_second_issue_overwrites_nothing(
    tenantry: Tenantry, till: Path, tenant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in till.iterdir()}
    assert tenantry("issue", tenant, "another", "--out", till) == EXIT_USAGE
    assert "already holds a server's certificate" in capsys.readouterr().err
    assert tenantry("issue", tenant, "till", "--out", tmp_path / "again") == EXIT_USAGE
    assert "has the active certificate" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in till.iterdir()} == before
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("step", ["equip", "credentials_endpoint"])
def test_partial_issue_is_rolled_back(
    *,
    tenantry: Tenantry,
    tenant: str,
    tmp_path: Path,
    listed: Callable[..., list[dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Registry, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            tenantry("issue", tenant, "till", "--out", tmp_path / "till")
    assert not (tmp_path / "till").exists()
    assert listed("--all") == [
        {"tenant": tenant, "server": "till", "certificate": None, "status": None, "since": None, "until": None}
    ]
    assert tenantry("issue", tenant, "till", "--out", tmp_path / "till") == 0


def test_rotation_to_a_broken_certificate_is_rolled_back(
    tenantry: Tenantry,
    till: Path,
    listed: Callable[..., list[dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {path.name: path.read_bytes() for path in till.iterdir()}
    equip = Registry.equip

    def forgetting_the_policy(registry: Any, certificate: Any, thing: str) -> None:  # noqa: ANN401
        equip(registry, certificate, thing)
        registry._iot.detach_policy(policyName=registry._policy, target=certificate.arn)  # noqa: SLF001

    monkeypatch.setattr(Registry, "equip", forgetting_the_policy)
    monkeypatch.setattr("tenantry.operate.devices.lifecycle._PAUSE_SECONDS", 0)
    assert tenantry("rotate", till, "--yes") == EXIT_USAGE
    assert "does not work" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in till.iterdir()} == before
    assert len(listed("--all")) == 1
    assert CredentialsProvider(till).get()


def test_revoke_requires_confirmation(
    tenantry: Tenantry, till: Path, tenant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenantry("revoke", tenant) == EXIT_USAGE
    assert "Nothing was revoked" in capsys.readouterr().err
    assert CredentialsProvider(till).get()
    assert tenantry("revoke", f"{tenant}0", "--yes") == EXIT_USAGE  # nobody's id
    assert tenantry("revoke", tenant, "--certificate", "0123456789", "--yes") == EXIT_USAGE
    assert CredentialsProvider(till).get()
    assert tenantry("revoke", tenant, "--yes") == 0
    assert "may work until" in capsys.readouterr().out
    assert tenantry("revoke", tenant, "--yes") == 0
    assert "already revoked" in capsys.readouterr().out
    with pytest.raises(CertificateRefusedError):
        CredentialsProvider(till).get()


def test_thing_with_changed_type_gets_no_certificate(
    *, tenantry: Tenantry, till: Path, tenant: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thing = json.loads((till / "device.json").read_text())["thing"]
    assert tenantry("revoke", tenant, "--yes") == 0
    world.target.aws.iot.update_thing(thingName=thing, thingTypeName=Servers.of(world).theirs.tenant)
    assert tenantry("issue", tenant, "till", "--out", tmp_path / "again") == EXIT_USAGE
    assert "somebody has changed it" in capsys.readouterr().err


def test_example_sends_sales(till: Path) -> None:
    command = [sys.executable, "examples/point_of_sale.py", str(till), "--sales", "700"]
    done = subprocess.run(
        command,
        cwd=find_project(),
        env={"PYTHONPATH": str(find_project())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "700 sales, 700 sent, 0 dropped, 0 retries\n"


class TestIsolationLayers:
    """The role's policy and its boundary, each alone."""

    @pytest.fixture
    def servers(self, world: World) -> tuple[Servers, Bearer, Bearer]:
        made = Servers.of(world)
        return made, made.mine, made.theirs

    @staticmethod
    def _reaches(servers: tuple[Servers, Bearer, Bearer]) -> tuple[int, int]:
        made, mine, theirs = servers
        aws = made.act(mine)
        return made.post(aws, f"/{mine.tenant}").status, made.post(aws, f"/{theirs.tenant}").status

    def test_role_and_boundary_are_deployed(self, servers: tuple[Servers, Bearer, Bearer]) -> None:
        assert self._reaches(servers) == (200, 403)

    def test_boundary_limits_a_role_that_allows_everything(
        self, world: World, servers: tuple[Servers, Bearer, Bearer]
    ) -> None:
        with _widened(world):
            assert self._reaches(servers) == (200, 403)

    def test_role_limits_without_boundary(self, world: World, servers: tuple[Servers, Bearer, Bearer]) -> None:
        with _unbounded(world):
            assert self._reaches(servers) == (200, 403)

    def test_without_role_limits_and_boundary_calls_succeed(
        self, world: World, servers: tuple[Servers, Bearer, Bearer]
    ) -> None:
        with _widened(world), _unbounded(world):
            assert self._reaches(servers) == (200, 200)


def _role(world: World) -> str:
    return world.target.device_role.rpartition("/")[2]


@contextmanager
def _widened(world: World) -> Iterator[None]:
    iam, name = world.target.aws.iam, "Anything"
    iam.put_role_policy(RoleName=_role(world), PolicyName=name, PolicyDocument=json.dumps(ANYTHING))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=_role(world), PolicyName=name)


@contextmanager
def _unbounded(world: World) -> Iterator[None]:
    iam = world.target.aws.iam
    arn = iam.get_role(RoleName=_role(world))["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    iam.delete_role_permissions_boundary(RoleName=_role(world))
    restore = partial(iam.put_role_permissions_boundary, RoleName=_role(world), PermissionsBoundary=arn)
    try:
        yield
    finally:
        restore()
