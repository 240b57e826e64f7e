"""Who may send a tenant's records: its devices, and the test user of the environments that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput
from aws_cdk import aws_iam as iam

from tenantry.functions import declare_store
from tenantry.isolation.devices import TenantDevices
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from tenantry.isolation.devices import IngestApi

_TEST_TENANT: Final = "T001"  # the ingestion document's


def allow_test_user(scope: Construct, api: IngestApi) -> None:
    """Make an IAM user that may send as the tenant of the ingestion document's walk-through."""
    user = iam.User(scope, "TestUser")
    api.grant_send(user, _TEST_TENANT)
    declare_store(user, Store(holds="access keys", by=By.NONE, kind="AWS::IAM::AccessKey", name="{id}"))
    CfnOutput(
        scope,
        "TestUserName",
        value=user.user_name,
        description=f"IAM user that may send records as tenant {_TEST_TENANT}",
    )
    CfnOutput(scope, "InvokeURL", value=f"{api.url}/{_TEST_TENANT}", description="URL that the test user may call")


def tenant_devices(scope: Construct, api: IngestApi, *, application: str) -> TenantDevices:
    """Let tenants' devices send to the API. `tenantry devices` makes what is declared here, under these names."""
    declare_store(
        scope,
        Store(
            holds="a tenant's part of the rate",
            by=By.NAME,
            kind="AWS::ApiGateway::ApiKey",
            name=f"{application}-{TENANT_IN_NAME}",
        ),
        Store(
            holds="a tenant's servers, with their certificates",
            by=By.NAME,
            kind="AWS::IoT::Thing",
            name=f"{application}:{TENANT_IN_NAME}:{{server}}",
        ),
        # Only those that its tag says to be the application's.
        Store(holds="which servers are a tenant's", by=By.NAME, kind="AWS::IoT::ThingType", name=TENANT_IN_NAME),
    )
    devices = TenantDevices(scope, "Devices")
    devices.grant_tenant_send(api)
    return devices
