"""Servers of tenants that attacks use, with their certificates."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from botocore.exceptions import ClientError

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.http import Api, Reply
from tenantry.attacks.per_run import PerRun
from tenantry.ingest_client import Device
from tenantry.operate.devices.folder import DeviceFolder
from tenantry.operate.devices.lifecycle import Devices
from tenantry.operate.devices.names import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_TIMEOUT: Final = 30
THING: Final = "x-amzn-iot-thingname"
_REFUSED_HANDSHAKE: Final = 403


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A server with its certificate.

    Attributes
    ----------
    device
        Its files, and where to go with them.
    certificate
        The certificate's id.
    arn
        The certificate's ARN.
    """

    device: Device
    certificate: str
    arn: str

    @property
    def tenant(self) -> str:
        """Whose server it is."""
        return self.device.tenant


class Servers(PerRun):
    """Makes servers with the operator's credentials, and does with their certificates what an attacker would."""

    def __init__(self, world: World) -> None:
        if world.target.environment is None:
            raise SetupError("The target does not say how certificates are issued.")
        super().__init__(world)
        self._devices = Devices(world.target.environment)
        self._folder = Path(tempfile.mkdtemp(prefix="tenantry-attack-"))
        self._enrolling = threading.Lock()
        world.cleanup.later(f"the folder {self._folder}", partial(shutil.rmtree, self._folder))

    @property
    def mine(self) -> Bearer:
        """The attacker's own server."""
        return self._world.once("the attacker's server", lambda: self.new(self.tenant("mine")))

    @property
    def theirs(self) -> Bearer:
        """The victim's server."""
        return self._world.once("the victim's server", lambda: self.new(self.tenant("theirs")))

    def tenant(self, label: str) -> str:
        """Return the id of a tenant of this run."""
        return f"{self._world.run[-8:]}-{label}"

    def new(self, tenant: str, name: str | None = None) -> Bearer:
        """Issue a certificate to a new server of a tenant."""
        server = Server.named(tenant, name or f"s-{secrets.token_hex(3)}")
        path = self._folder / tenant / server.name
        with self._enrolling:
            self._world.remove(f"the tenant {tenant} in IoT", partial(self._forget, tenant))
            certificate = self._devices.issue(server, DeviceFolder(path))
        bearer = Bearer(device=Device.load(path), certificate=certificate.id, arn=certificate.arn)
        self._world.cleanup.later(f"the server {bearer.device.thing}", partial(self._remove, bearer))
        return bearer

    def exchange(
        self,
        bearer: Bearer,
        *,
        thing: str | None = "",
        alias: str = "",
        files: tuple[str, str] | str | None = "own",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask for credentials; what is not said is as the client has it. A refused handshake counts as a 403."""
        device = replace(bearer.device, role_alias=alias or bearer.device.role_alias)
        sent = {THING: device.thing if thing == "" else thing, **(headers or {})}
        own = (str(device.certificate), str(device.private_key))
        try:
            with requests.Session() as http:
                http.trust_env = False
                reply = http.get(
                    device.credentials_url,
                    headers={name: value for name, value in sent.items() if value is not None},
                    cert=own if files == "own" else files,
                    verify=device.verify,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
        except (requests.exceptions.SSLError, requests.ConnectionError) as error:
            # Which of the two it is depends on how far the handshake of TLS 1.3 got. A provider that is down would
            # look the same, hence the good request beside each of these.
            return Reply(_REFUSED_HANDSHAKE, f"the handshake was refused ({type(error).__name__})")
        if reply.ok:
            return _Granted(reply.status_code, "credentials", credentials=reply.json()["credentials"])
        return Reply(reply.status_code, reply.text, {name.lower(): value for name, value in reply.headers.items()})

    def acting_with(self, reply: Reply) -> Aws:
        """Return clients with the credentials that came."""
        found = _credentials(reply)
        return self._world.target.aws.acting_as(found["accessKeyId"], found["secretAccessKey"], found["sessionToken"])

    @staticmethod
    def end_of(reply: Reply) -> datetime:
        """Return when the credentials that came end."""
        return datetime.fromisoformat(_credentials(reply)["expiration"])

    def act(self, bearer: Bearer) -> Aws:
        """Return clients with what a certificate is exchanged for."""
        return self.acting_with(self.exchange(bearer))

    def revoke(self, bearer: Bearer) -> None:
        """Revoke a certificate as the operator does."""
        self._devices.revoke(self._devices.to_revoke(bearer.tenant, bearer.device.server))

    def good(self, bearer: Bearer | None = None) -> Reply:
        """Do what a server is there for: get credentials, which have to be given."""
        return self.exchange(bearer or self.mine)

    def post(self, aws: Aws, path: str, *, method: str = "POST", api: str = "", body: str | None = None) -> Reply:
        """Send a signed request, to the ingest API if to no other."""
        text = '{"Data":{"from":"an attack"}}' if body is None else body
        send = Api(self._world.http, api or self._world.target.ingest_api)
        return send(method, path, body=text, signer=self._world.signer(aws))

    def _remove(self, bearer: Bearer) -> None:
        iot, thing = self._world.target.aws.iot, bearer.device.thing
        iot.update_certificate(certificateId=bearer.certificate, newStatus="INACTIVE")
        iot.detach_thing_principal(thingName=thing, principal=bearer.arn)
        iot.delete_certificate(certificateId=bearer.certificate, forceDelete=True)
        iot.delete_thing(thingName=thing)

    def _forget(self, tenant: str) -> None:
        target = self._world.target
        gateway = target.aws.apigateway
        name = f"{target.app}-{tenant}"
        for key in gateway.get_api_keys(nameQuery=name)["items"]:
            if key["name"] == name:
                gateway.delete_api_key(apiKey=key["id"])
        target.aws.iot.deprecate_thing_type(thingTypeName=tenant)
        try:
            target.aws.iot.delete_thing_type(thingTypeName=tenant)
        except ClientError:
            # AWS wants five minutes between the two. A deprecated type takes no things, and costs nothing.
            return


@dataclass(frozen=True)
class _Granted(Reply):
    """Credentials, which are not shown."""

    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)


def _credentials(reply: Reply) -> Mapping[str, Any]:
    if not isinstance(reply, _Granted):
        raise SetupError(f"There are no credentials: {reply}")
    return reply.credentials
