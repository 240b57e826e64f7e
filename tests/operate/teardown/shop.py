"""A small application of two stacks, made with the constructs and deployed in a second, for teardowns to work on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm

from tenantry.functions import LOG, declare_application, declare_store
from tenantry.isolation.api import ApiLogging
from tenantry.isolation.data import AccessPointBucket, PrefixBucket, SiloBuckets, TenantTable
from tenantry.isolation.vending import TENANT_NAME
from tenantry.local.settings import ACCOUNT, REGION
from tenantry.model.stores import By, Store
from tenantry.operate.teardown.removal import Hand
from tenantry.operate.teardown.removal.buckets import empty
from tenantry.operate.teardown.removal.services import unprotect_table
from tests.inventory import operator
from tests.synthesized import new_app

if TYPE_CHECKING:
    from aws_cdk import App

    from tenantry.local.cloud import LocalCloud

TENANT: Final = "T001"
_WAIT: Final = {"Delay": 0.2}


class _Data(Stack):
    """What holds data; most of it is kept when the stack goes."""

    def __init__(self, scope: App, name: str, *, application: str) -> None:
        super().__init__(scope, name)
        own = f"aws-saas-s3-{TENANT_NAME}-{application}-{self.account}"
        SiloBuckets(self, name=own)
        AccessPointBucket(self, "Points", access_point_name=f"{application}-{TENANT_NAME}")
        PrefixBucket(self, "Goes", removal_policy=RemovalPolicy.DESTROY)
        self.table = TenantTable(self, "Orders", partition_key="pk", sort_key="sk")
        TenantTable(self, "Carts", partition_key="pk", sort_key="sk", removal_policy=RemovalPolicy.DESTROY)
        key = kms.Key(self, "Key", removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        declare_store(key, Store(holds="nothing", by=By.NONE))
        group = logs.LogGroup(self, "Log", removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        declare_store(group, LOG)
        ApiLogging(self, "ApiLogging")
        user = iam.User(self, "User")
        declare_store(user, Store(holds="access keys", by=By.NONE, kind="AWS::IAM::AccessKey", name="{id}"))
        for kind, form in (
            ("AWS::ApiGateway::ApiKey", f"{application}-{{tenant}}"),
            ("AWS::SNS::Topic", f"{application}-{{tenant}}_{{event}}"),
            ("AWS::KMS::Alias", f"alias/{application}-{{tenant}}"),
            ("AWS::IoT::Thing", f"{application}:{{tenant}}:{{server}}"),
            ("AWS::IoT::ThingType", "{tenant}"),
        ):
            declare_store(self, Store(holds="things", by=By.NAME, kind=kind, name=form))


class Shop:
    """The application in a cloud.

    Parameters
    ----------
    cloud
        Where it is deployed.
    app
        Its name.
    environment, ephemeral
        What its stacks say of themselves.
    """

    def __init__(self, cloud: LocalCloud, app: str, *, environment: str = "local", ephemeral: bool = True) -> None:
        self.app, self.cloud = app, cloud
        self.client: Any = cloud.session().client
        self.data, self.front = f"{app}-data", f"{app}-front"
        synthesized = new_app()
        data = _Data(synthesized, self.data, application=app)
        front = Stack(synthesized, self.front)
        ssm.StringParameter(front, "Orders", parameter_name=f"/{app}/orders", string_value=data.table.table_name)
        CfnOutput(front, "Empty", value="nothing")
        declare_application(synthesized, name=app, environment=environment, ephemeral=ephemeral)
        self._assembly = synthesized.synth()

    def deploy(self) -> None:
        """Make its stacks."""
        cloudformation = self.client("cloudformation")
        for name in (self.data, self.front):
            template = self._assembly.get_stack_by_name(name).template
            # Without the CDK's own rule and parameter, which ask for a bootstrapped account.
            template = {part: value for part, value in template.items() if part not in {"Rules", "Parameters"}}
            cloudformation.create_stack(
                StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
            )
            cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_WAIT)

    def use(self) -> None:
        """Make what its tenant and its operators make at run time, with something in everything."""
        s3, bucket = self.client("s3"), self.own_bucket
        s3.create_bucket(Bucket=bucket)
        own = {"Key": "application", "Value": self.app}
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [own]})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for name in (bucket, self.physical("PointsBucket"), self.physical("GoesBucket")):
            for content in (b"before", b"after"):
                self._put(name, content)
        s3.delete_object(Bucket=bucket, Key="ada/report")
        s3.create_multipart_upload(Bucket=bucket, Key="ada/large")
        operator(self.cloud).s3control.create_access_point(
            AccountId=ACCOUNT, Name=f"{self.app}-{TENANT.lower()}", Bucket=self.physical("PointsBucket")
        )
        self.client("apigateway").create_api_key(
            name=f"{self.app}-{TENANT}", enabled=True, tags={"application": self.app}
        )
        # Its name fits a neighbour's form as well: only its tag says whose it is.
        self.client("apigateway").create_api_key(
            name=f"{self.app}-two-T002", enabled=True, tags={"application": self.app}
        )
        self.client("sns").create_topic(Name=f"{self.app}-{TENANT}_opened")
        key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.client("kms").create_alias(AliasName=f"alias/{self.app}-{TENANT.lower()}", TargetKeyId=key)
        iot = self.client("iot")
        iot.create_thing_type(thingTypeName=self.thing_type, tags=[own])
        iot.create_thing(thingName=f"{self.app}:{TENANT}:till", thingTypeName=self.thing_type)
        certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        iot.attach_thing_principal(thingName=f"{self.app}:{TENANT}:till", principal=certificate)
        self.client("iam").create_access_key(UserName=self.physical("User"))
        self.client("dynamodb").put_item(
            TableName=self.physical("OrdersTable"), Item={"pk": {"S": TENANT}, "sk": {"S": "order"}}
        )

    def check(self) -> None:
        """See that all of it is there, and in it."""
        s3 = self.client("s3")
        assert len(s3.list_object_versions(Bucket=self.own_bucket)["Versions"]) == 2
        assert s3.list_multipart_uploads(Bucket=self.own_bucket)["Uploads"]
        assert self.client("sns").get_topic_attributes(TopicArn=self.topic)["Attributes"]
        table = self.client("dynamodb").scan(TableName=self.physical("OrdersTable"))
        assert table["Count"] == 1

    def remove(self) -> None:
        """Delete its stacks, as `cdk destroy` does once nothing is in their way."""
        iam, user = self.client("iam"), self.physical("User")
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        hand = Hand(aws=operator(self.cloud), account=ACCOUNT, tell=lambda _: None)
        empty(hand, self.physical("GoesBucket"))
        unprotect_table(hand, self.physical("CartsTable"))
        for name in (self.front, self.data):
            self.client("cloudformation").delete_stack(StackName=name)
            self.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_WAIT)

    @property
    def own_bucket(self) -> str:
        """The bucket of its tenant."""
        return f"aws-saas-s3-{TENANT.lower()}-{self.app}-{ACCOUNT}"

    @property
    def thing_type(self) -> str:
        """The type of its tenant's things, which no other application of the tests has."""
        return f"{self.app}-type"

    @property
    def topic(self) -> str:
        """The ARN of the topic of its tenant."""
        return f"arn:aws:sns:{REGION}:{ACCOUNT}:{self.app}-{TENANT}_opened"

    def physical(self, logical_id: str) -> str:
        """Return the physical id of the first resource whose logical id begins so."""
        found = self.client("cloudformation").describe_stack_resources(StackName=self.data)["StackResources"]
        return next(
            str(resource["PhysicalResourceId"])
            for resource in found
            if resource["LogicalResourceId"].startswith(logical_id)
        )

    def _put(self, bucket: str, content: bytes) -> None:
        key = "ada/report"
        # As whoever comes through an access point; the bucket itself refuses.
        policy = self.client("s3").get_bucket_policy(Bucket=bucket)["Policy"] if self._refuses(bucket) else None
        if policy:
            self.client("s3").delete_bucket_policy(Bucket=bucket)
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        if policy:
            self.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)

    def _refuses(self, bucket: str) -> bool:
        return bucket == self.physical("PointsBucket")
