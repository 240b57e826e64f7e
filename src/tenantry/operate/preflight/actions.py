"""What CloudFormation calls, at the least, to make a resource of each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# API Gateway's actions are HTTP's methods.
_POST: Final = ("apigateway:POST",)
_PUT: Final = ("apigateway:PUT",)
ACTIONS: Final[Mapping[str, Sequence[str]]] = {
    "AWS::ApiGateway::Account": ("apigateway:PATCH", "iam:PassRole"),
    "AWS::ApiGateway::Authorizer": _POST,
    "AWS::ApiGateway::Deployment": _POST,
    "AWS::ApiGateway::DocumentationPart": _POST,
    "AWS::ApiGateway::GatewayResponse": _PUT,
    "AWS::ApiGateway::Method": _PUT,
    "AWS::ApiGateway::Model": _POST,
    "AWS::ApiGateway::RequestValidator": _POST,
    "AWS::ApiGateway::Resource": _POST,
    "AWS::ApiGateway::RestApi": _POST,
    "AWS::ApiGateway::Stage": _POST,
    "AWS::ApiGateway::UsagePlan": _POST,
    "AWS::CloudFront::CachePolicy": ("cloudfront:CreateCachePolicy",),
    "AWS::CloudFront::Distribution": ("cloudfront:CreateDistribution",),
    "AWS::CloudFront::Function": ("cloudfront:CreateFunction", "cloudfront:PublishFunction"),
    "AWS::CloudFront::OriginAccessControl": ("cloudfront:CreateOriginAccessControl",),
    "AWS::CloudFront::ResponseHeadersPolicy": ("cloudfront:CreateResponseHeadersPolicy",),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm",),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard",),
    "AWS::Cognito::UserPool": ("cognito-idp:CreateUserPool",),
    "AWS::Cognito::UserPoolClient": ("cognito-idp:CreateUserPoolClient",),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:UpdateContinuousBackups"),
    "AWS::EventSchemas::Registry": ("schemas:CreateRegistry",),
    "AWS::EventSchemas::Schema": ("schemas:CreateSchema",),
    "AWS::Events::Archive": ("events:CreateArchive",),
    "AWS::Events::EventBus": ("events:CreateEventBus",),
    "AWS::Events::Rule": ("events:PutRule", "events:PutTargets"),
    "AWS::Glue::Database": ("glue:CreateDatabase",),
    "AWS::Glue::Table": ("glue:CreateTable",),
    "AWS::IAM::ManagedPolicy": ("iam:CreatePolicy",),
    "AWS::IAM::Policy": ("iam:PutRolePolicy",),
    "AWS::IAM::Role": ("iam:CreateRole", "iam:PassRole"),
    "AWS::IAM::User": ("iam:CreateUser",),
    "AWS::IoT::Policy": ("iot:CreatePolicy",),
    "AWS::IoT::RoleAlias": ("iot:CreateRoleAlias",),
    "AWS::KMS::Key": ("kms:CreateKey", "kms:PutKeyPolicy"),
    "AWS::Kinesis::Stream": ("kinesis:CreateStream",),
    "AWS::KinesisAnalyticsV2::Application": ("kinesisanalytics:CreateApplication",),
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": (
        "kinesisanalytics:AddApplicationCloudWatchLoggingOption",
    ),
    "AWS::Lambda::EventInvokeConfig": ("lambda:PutFunctionEventInvokeConfig",),
    "AWS::Lambda::EventSourceMapping": ("lambda:CreateEventSourceMapping",),
    "AWS::Lambda::Function": ("lambda:CreateFunction",),
    "AWS::Lambda::Permission": ("lambda:AddPermission",),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    "AWS::Logs::LogStream": ("logs:CreateLogStream",),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy",),
    "AWS::SNS::Topic": ("sns:CreateTopic",),
    "AWS::SNS::TopicPolicy": ("sns:SetTopicAttributes",),
    "AWS::SQS::Queue": ("sqs:CreateQueue",),
    "AWS::SQS::QueuePolicy": ("sqs:SetQueueAttributes",),
    "AWS::SSM::Parameter": ("ssm:PutParameter",),
    "AWS::SecretsManager::Secret": ("secretsmanager:CreateSecret",),
    "AWS::StepFunctions::StateMachine": ("states:CreateStateMachine",),
    "AWS::WAFv2::WebACLAssociation": ("wafv2:AssociateWebACL",),
}
