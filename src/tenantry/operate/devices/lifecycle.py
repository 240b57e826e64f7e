"""What happens to a server's certificate, from its issue to its end."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tenantry.ingest_client import CredentialsProvider, IngestError
from tenantry.operate.devices.keys import KeyPair
from tenantry.operate.devices.limits import TenantKeys
from tenantry.operate.devices.names import DeviceCommandError, Server, checked_tenant
from tenantry.operate.devices.registry import ACTIVE, REVOKED, Certificate, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tenantry.operate.devices.folder import DeviceFolder
    from tenantry.operate.environment import Environment

_TRIES: Final = 5
_PAUSE_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """What a revocation has come to.

    Attributes
    ----------
    certificates
        Those that are worthless now, with their servers.
    live_until
        Until when credentials may work that were given out before.
    """

    certificates: tuple[tuple[Server, Certificate], ...]
    live_until: datetime


class Devices:
    """The certificates of tenants' servers in one environment.

    Isolation: a certificate is good for the tenant that is its thing's type; a server's thing bears the tenant in its
    name, and is never used for another type. The private key is made here and stays here.

    Parameters
    ----------
    environment
        Where they are.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._registry = Registry(environment)
        self._keys = TenantKeys(environment)

    def issue(self, server: Server, folder: DeviceFolder) -> Certificate:
        """Issue a server's first certificate into a folder of its own; what was half done is undone.

        Raises
        ------
        DeviceCommandError
            The folder is a server's already, or the server has a certificate.
        """
        if folder.is_taken:
            raise DeviceCommandError(
                f"{folder.path} already holds a server's certificate. Choose another folder with --out."
            )
        if active := self._active(server):
            raise DeviceCommandError(
                f"{server.name} of {server.tenant} has the active certificate {active[-1].id[:12]}. "
                "Rotate it where its folder is, or revoke it first."
            )
        return self._new_certificate(server, folder)

    def rotate(self, folder: DeviceFolder) -> tuple[Server, Certificate]:
        """Issue another certificate into a server's folder, and see that it works; the old one works on.

        Raises
        ------
        DeviceCommandError
            The folder is nobody's, an earlier rotation has not been finished, or the new certificate does not work.
        """
        server = self._owner(folder)
        if len(self._active(server)) > 1:
            raise DeviceCommandError(
                f"{server.name} of {server.tenant} has two active certificates: its last rotation was not finished. "
                f"Finish it: tenantry devices rotate {folder.path} --finish"
            )
        before = folder.read()
        certificate = self._new_certificate(server, folder)
        try:
            self._try(folder)
        except BaseException:
            now = folder.read()
            folder.point(before)
            folder.undo(now["certificate"], now["private_key"])
            self._registry.discard(certificate, server.thing(self._registry.app))
            raise
        return server, certificate

    def finish(self, folder: DeviceFolder) -> Revoked:
        """Revoke all certificates of a server but the one in its folder, once that one has been seen to work.

        Raises
        ------
        DeviceCommandError
            The folder is nobody's, or its certificate does not work.
        """
        server, content = self._owner(folder), folder.read()
        self._try(folder)
        old = [item for item in self._active(server) if item.id != content.get("certificate_id")]
        revoked = self.revoke((server, certificate) for certificate in old)
        folder.drop_others(content["certificate"], content["private_key"])
        return revoked

    def listed(self, tenant: str | None = None) -> Iterator[tuple[Server, Certificate | None]]:
        """List the servers of a tenant, or of all, with each of their certificates; with None if they have none.

        Raises
        ------
        DeviceCommandError
            That is no tenant id.
        """
        for server in self._registry.servers(checked_tenant(tenant) if tenant else None):
            found: Sequence[Certificate | None] = self._registry.certificates(server) or [None]
            yield from ((server, certificate) for certificate in found)

    def to_revoke(
        self, tenant: str, name: str | None = None, certificate_id: str | None = None
    ) -> list[tuple[Server, Certificate]]:
        """Return what is not revoked yet of a tenant's certificates, of all its servers or of one.

        Parameters
        ----------
        tenant, name
            Whose. Without a name, all of the tenant's servers.
        certificate_id
            The beginning of one certificate's id, to choose that one.

        Raises
        ------
        DeviceCommandError
            There is no such server, or no such certificate.
        """
        servers = [Server.named(tenant, name)] if name else self._registry.servers(checked_tenant(tenant))
        found = [(server, item) for server in servers for item in self._registry.certificates(server)]
        if certificate_id:
            found = [(server, item) for server, item in found if item.id.startswith(certificate_id)]
        if not found:
            raise DeviceCommandError(
                f"Certificate not found for {tenant}. `tenantry devices list --tenant {tenant}` shows all."
            )
        return [(server, item) for server, item in found if item.status != REVOKED]

    def revoke(self, chosen: Iterable[tuple[Server, Certificate]]) -> Revoked:
        """Make certificates worthless; a second time changes nothing."""
        done = tuple(chosen)
        for _, certificate in done:
            self._registry.revoke(certificate)
        live = timedelta(seconds=self._registry.credential_seconds())
        return Revoked(certificates=done, live_until=datetime.now(UTC) + live)

    def _active(self, server: Server) -> list[Certificate]:
        return [item for item in self._registry.certificates(server) if item.status == ACTIVE]

    def _owner(self, folder: DeviceFolder) -> Server:
        content = folder.read()
        server = Server.named(content["tenant"], content["server"])
        if content.get("thing") != server.thing(self._registry.app):
            raise DeviceCommandError(
                f"{folder.path} belongs to another application than {self._registry.app}: {content.get('thing')}."
            )
        return server

    def _new_certificate(self, server: Server, folder: DeviceFolder) -> Certificate:
        registry, environment = self._registry, self._environment
        thing = registry.enrol(server)
        pair = KeyPair.new(thing)
        certificate, pem = registry.sign(pair.request)
        files: tuple[str, ...] = ()
        try:
            files = folder.keep(pair, pem)
            authority = folder.trust(environment.aws.ca_bundle)
            registry.equip(certificate, thing)
            folder.point(
                {
                    "tenant": server.tenant,
                    "server": server.name,
                    "thing": thing,
                    "certificate_id": certificate.id,
                    "certificate": files[0],
                    "private_key": files[1],
                    "credentials_endpoint": registry.credentials_endpoint(),
                    "role_alias": registry.role_alias,
                    "api_url": environment.output("ingestion", "IngestApiUrl").rstrip("/"),
                    "region": environment.aws.region,
                    "ca_bundle": authority,
                    "api_key": self._keys.of(server.tenant),
                }
            )
        except BaseException:  # an interruption as well: nothing half done may stay
            folder.undo(*files)
            with contextlib.suppress(ClientError, BotoCoreError):
                registry.discard(certificate, thing)
            raise
        return certificate

    @staticmethod
    def _try(folder: DeviceFolder) -> None:
        """See that the folder's certificate gets credentials, which may take IoT a moment to know."""
        why: IngestError | None = None
        for attempt in range(_TRIES):
            time.sleep(_PAUSE_SECONDS * bool(attempt))
            try:
                CredentialsProvider(folder.path).get()
            except IngestError as error:
                why = error
            else:
                return
        raise DeviceCommandError(f"The certificate in {folder.path} does not work: {why}") from why
