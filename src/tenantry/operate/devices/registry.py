"""Things and certificates in AWS IoT, as few calls as it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.operate.devices.names import DeviceCommandError, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tenantry.model.identifiers import TenantId
    from tenantry.operate.environment import Environment

ACTIVE: Final = "ACTIVE"
INACTIVE: Final = "INACTIVE"
REVOKED: Final = "REVOKED"
# A thing is detached from a certificate some seconds after IoT has said so.
_PATIENCE: Final = 10
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate of a server.

    Attributes
    ----------
    id, arn
        Its id, and its ARN.
    status
        ``ACTIVE``, ``INACTIVE`` or ``REVOKED``.
    created, expires
        Since and until when it is valid.
    """

    id: str
    arn: str
    status: str
    created: datetime
    expires: datetime | None = None


class Registry:
    """The tenants' servers of an environment.

    Parameters
    ----------
    environment
        Its ingestion stack names the role alias and the policy of certificates.
    """

    def __init__(self, environment: Environment) -> None:
        self.app = environment.app
        self.role_alias = environment.output("ingestion", "IngestDeviceRoleAlias")
        self._policy = environment.output("ingestion", "IngestDevicePolicyName")
        self._iot = environment.aws.iot

    def credentials_endpoint(self) -> str:
        """Return the address at which certificates are exchanged for credentials."""
        return self._iot.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]

    def credential_seconds(self) -> int:
        """Return how long credentials work."""
        return self._iot.describe_role_alias(roleAlias=self.role_alias)["roleAliasDescription"][
            "credentialDurationSeconds"
        ]

    def enrol(self, server: Server) -> str:
        """Make the tenant's thing type and the server's thing, where they are missing, and return the thing's name.

        Raises
        ------
        DeviceCommandError
            The tenant's type is deprecated, or the thing is of another type.
        """
        kinds, thing = self._iot.exceptions, server.thing(self.app)
        try:
            kind = self._iot.describe_thing_type(thingTypeName=server.tenant)
        except kinds.ResourceNotFoundException:
            # The tag says who may remove it: applications of one account share the types of equal tenant ids.
            self._iot.create_thing_type(thingTypeName=server.tenant, tags=[{"Key": "application", "Value": self.app}])
        else:
            if kind.get("thingTypeMetadata", {}).get("deprecated"):
                raise DeviceCommandError(
                    f"The thing type of {server.tenant} is deprecated, so that it gets no new servers. "
                    "Undo that first, if it was not meant to stay."
                )
        try:
            found = self._iot.describe_thing(thingName=thing).get("thingTypeName")
        except kinds.ResourceNotFoundException:
            self._iot.create_thing(thingName=thing, thingTypeName=server.tenant)
        else:
            if found != server.tenant:
                raise DeviceCommandError(
                    f"The thing {thing} is of the type {found or 'none'}, not {server.tenant}: somebody has changed "
                    "it. Its certificates would be another's. Find out why before anything else."
                )
        return thing

    def sign(self, request: str) -> tuple[Certificate, str]:
        """Have a request signed, and return the certificate, not active yet, with its PEM."""
        made = self._iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=False)
        return self._described(made["certificateId"]), made["certificatePem"]

    def equip(self, certificate: Certificate, thing: str) -> None:
        """Let a certificate be exchanged for credentials as this thing, and make it active: the last step."""
        self._iot.attach_thing_principal(thingName=thing, principal=certificate.arn)
        self._iot.attach_policy(policyName=self._policy, target=certificate.arn)
        self._iot.update_certificate(certificateId=certificate.id, newStatus=ACTIVE)

    def revoke(self, certificate: Certificate) -> None:
        """Make a certificate worthless. It stays with its thing, as the record of what was, without its policy."""
        self._iot.update_certificate(certificateId=certificate.id, newStatus=REVOKED)
        self._iot.detach_policy(policyName=self._policy, target=certificate.arn)

    def discard(self, certificate: Certificate, thing: str) -> None:
        """Remove a certificate that nobody has got.

        Raises
        ------
        DeviceCommandError
            It is inactive by now, and cannot be deleted.
        """
        self._iot.update_certificate(certificateId=certificate.id, newStatus=INACTIVE)
        self._iot.detach_policy(policyName=self._policy, target=certificate.arn)
        self._iot.detach_thing_principal(thingName=thing, principal=certificate.arn)
        for _ in range(_PATIENCE):
            try:
                self._iot.delete_certificate(certificateId=certificate.id)
            except self._iot.exceptions.DeleteConflictException:
                time.sleep(_PAUSE_SECONDS)
            else:
                return
        raise DeviceCommandError(f"The inactive certificate {certificate.id} is left: it still counts as attached.")

    def servers(self, tenant: TenantId | None = None) -> Iterator[Server]:
        """List the servers of a tenant, or of all."""
        listing = self._iot.get_paginator("list_things")
        for page in listing.paginate(thingTypeName=tenant) if tenant else listing.paginate():
            for thing in page["things"]:
                if server := Server.of_thing(self.app, thing["thingName"], thing.get("thingTypeName")):
                    yield server

    def certificates(self, server: Server) -> list[Certificate]:
        """Return the certificates of a server, oldest first; none if there is no such server."""
        listing = self._iot.get_paginator("list_thing_principals")
        try:
            arns = [arn for page in listing.paginate(thingName=server.thing(self.app)) for arn in page["principals"]]
        except self._iot.exceptions.ResourceNotFoundException:
            return []
        found = [self._described(arn.rpartition("/")[2]) for arn in arns if ":cert/" in arn]
        return sorted(found, key=lambda certificate: (certificate.created, certificate.id))

    def _described(self, certificate_id: str) -> Certificate:
        found = self._iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
        return Certificate(
            id=certificate_id,
            arn=found["certificateArn"],
            status=found["status"],
            created=found["creationDate"],
            expires=found.get("validity", {}).get("notAfter"),
        )
