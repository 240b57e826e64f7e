"""What MiniStack lacks and these stacks need, one module a gap.

Each module's docstring says what AWS does, where AWS says so, what MiniStack does instead and what the patch does.
MiniStack resolves its functions late, so replacing a module's attribute before the server starts is enough.
"""

import importlib
import os

from tenantry.local.gaps.patching import GapError
from tenantry.local.settings import WITHOUT_GAPS_VARIABLE

#: Every gap, in the order in which they are closed.
GAPS: tuple[str, ...] = (
    "root_key",
    "admin_endpoints",
    "iam_policy_variables",
    "events_condition_keys",
    "sns_condition_keys",
    "dynamodb_leading_keys",
    "dynamodb_attributes",
    "s3_object_tag_keys",
    "s3_put_object_tagging",
    "s3_access_point_host",
    "s3_bucket_owner",
    "s3_lifecycle",
    "s3_policies",
    "iam_sizes",
    "lambda_python_runtime",
    "lambda_worker_limit",
    "lambda_role_credentials",
    "lambda_failure_destinations",
    "lambda_payloads",
    "lambda_settings",
    "execute_api_host",
    "apigateway_authorizer",
    "apigateway_permission",
    "apigateway_errors",
    "apigateway_iam_denial",
    "apigateway_signing_scope",
    "apigateway_empty_segments",
    "apigateway_bodies",
    "apigateway_service_integrations",
    "apigateway_patched_methods",
    "kinesis_records",
    "cognito_case",
    "cognito_triggers",
    "cognito_mail",
    "cognito_attributes",
    "cognito_auth_flows",
    "cognito_refresh_tokens",
    "cognito_domain",
    "cognito_jwks_https",
    "kinesis_get_records",
    "flink_jobs",
    "stepfunctions_role",
    "stepfunctions_start",
    "stepfunctions_logs",
    "stepfunctions_succeed",
    "stepfunctions_input",
    "stepfunctions_definitions",
    "sns_https",
    "sns_content_type",
    "cloudwatch_alarm_actions",
    "eventbridge_delivery",
    "iot_role_aliases",
    "iot_credentials_provider",
    "cloudfront_api_origin",
    "cloudfront_compression",
    "cfn_events_archive",
    "cfn_event_schemas",
    "cfn_dynamodb_settings",
    "cfn_metric_math_alarms",
    "cfn_request_validators",
    "cfn_secret_ref",
    "cfn_role_boundary",
    "cfn_stack_of_resource",
    "cfn_deletion",
)


def close_all() -> None:
    """Close every gap, except those that the environment names to be left open.

    Raises
    ------
    GapError
        When the environment names a gap that does not exist, or MiniStack lacks what a gap replaces.
    """
    left_open = {name.strip() for name in os.environ.get(WITHOUT_GAPS_VARIABLE, "").split(",") if name.strip()}
    if unknown := left_open - set(GAPS):
        raise GapError(f"{WITHOUT_GAPS_VARIABLE} names {', '.join(sorted(unknown))}; gaps are: {', '.join(GAPS)}")
    for name in GAPS:
        if name not in left_open:
            importlib.import_module(f"tenantry.local.gaps.{name}").close()
