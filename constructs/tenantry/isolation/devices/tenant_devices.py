"""Servers of tenants, known by their certificates: what these are exchanged for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from tenantry.functions import declare_store, service_principal
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from tenantry.isolation.devices.ingest_api import IngestApi

_SERVICE: Final = "credentials.iot.amazonaws.com"
# The only thing about a tenant that the credentials provider says in an IAM policy: neither a thing's groups nor its
# attributes are among its variables.
_TENANT: Final = "${credentials-iot:ThingTypeName}"
_SHORTEST, _LONGEST = Duration.minutes(15), Duration.hours(1)


class TenantDevices(Construct):
    """Lets a server, by its certificate, send as its own tenant and as no other.

    Isolation: a server is an IoT thing, its tenant the thing's type. The credentials that a certificate is exchanged
    for are bound to that type by ``${credentials-iot:ThingTypeName}``, twice: in the role's policy and in the role's
    permissions boundary, of which each is enough alone. A certificate that names no thing of its own, or one without a
    type, gets credentials for nothing. The certificates' own policy lets them be exchanged under this one role alias,
    and do nothing else: no broker, no jobs, no shadows. Nothing here can make, change or attach a thing, a type or a
    certificate; that is the operator's, with `tenantry devices`.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    credential_lifetime
        How long credentials work, and so how long a server keeps working whose certificate was revoked: 15 minutes to
        an hour, the longest that a role's session gets unless the role says otherwise.

    Raises
    ------
    ValueError
        The lifetime is shorter or longer than that.

    Examples
    --------
    >>> devices = TenantDevices(self, "Devices")
    >>> devices.grant_tenant_send(api)
    """

    def __init__(self, scope: Construct, construct_id: str, *, credential_lifetime: Duration = _SHORTEST) -> None:
        super().__init__(scope, construct_id)
        seconds = int(credential_lifetime.to_seconds())
        if not _SHORTEST.to_seconds() <= seconds <= _LONGEST.to_seconds():
            raise ValueError(
                f"The credentials of devices must live between 15 minutes and an hour, not {seconds} seconds."
            )
        self._allowed = iam.PolicyDocument()
        boundary = iam.CfnManagedPolicy(
            self,
            "Boundary",
            description="Permissions boundary of servers: calls to their own tenant's path of the ingest API only",
            policy_document=self._allowed,
        )
        role = iam.CfnRole(
            self,
            "Role",
            description="Role of servers with a device certificate; limited to the tenant that the thing type names",
            assume_role_policy_document=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(actions=["sts:AssumeRole"], principals=[service_principal(self, _SERVICE)])
                ]
            ),
            permissions_boundary=boundary.ref,
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="BoundToTheThingType", policy_document=self._allowed),
            ],
        )
        alias = iot.CfnRoleAlias(self, "Alias", role_arn=role.attr_arn, credential_duration_seconds=seconds)
        policy = iot.CfnPolicy(
            self,
            "CertificatePolicy",
            policy_document=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=["iot:AssumeRoleWithCertificate"], resources=[alias.attr_role_alias_arn]
                    )
                ]
            ),
        )
        declare_store(
            policy,
            Store(holds="certificates of servers", by=By.NONE, kind="AWS::IoT::Certificate", name="{id}"),
        )
        self._role, self._alias, self._policy = role, alias, policy

    @property
    def role_arn(self) -> str:
        """ARN of the role that certificates are exchanged for."""
        return self._role.attr_arn

    @property
    def role_alias(self) -> str:
        """Name of the role alias under which they are."""
        return self._alias.ref

    @property
    def policy_name(self) -> str:
        """Name of the IoT policy that a certificate needs for it."""
        return self._policy.ref

    def grant_tenant_send(self, api: IngestApi) -> None:
        """Let every server send records to an ingest API, as its own tenant.

        It returns nothing, and no `iam.Grant`: the statement is one of both the role's policy and its boundary.
        """
        self._allowed.add_statements(
            iam.PolicyStatement(actions=["execute-api:Invoke"], resources=api.path_arns(_TENANT))
        )
