"""Preflight's findings for replies of AWS that the local cloud does not give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tenantry.operate.preflight.assembly import Assembly
from tenantry.operate.preflight.bootstrap import bootstrap, place
from tenantry.operate.preflight.checks import run
from tenantry.operate.preflight.findings import Status
from tenantry.operate.preflight.names import names
from tenantry.operate.preflight.quotas import QUOTAS, quotas
from tenantry.operate.preflight.rights import rights
from tenantry.operate.preflight.stacks import stacks
from tenantry.operate.preflight.surroundings import api_logs, certificate, mail, services
from tests.operate.preflight.accounts import CALLER, ID, Answers, of_environment, of_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.operate.preflight.findings import Finding

_ROLE = f"arn:aws:iam::{ID}:role/path/deployer"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def answers() -> Iterator[Answers]:
    with Answers() as answers:
        yield answers


def _statuses(findings: Iterator[Finding]) -> list[Status]:
    found = list(findings)
    assert all(finding.remedy for finding in found if finding.status is not Status.OK)
    return [finding.status for finding in found]


class TestPlace:
    @pytest.mark.parametrize(
        ("account", "region", "status"),
        [
            (ID, "eu-west-1", Status.OK),
            ("", "", Status.OK),
            ("999999999999", "eu-west-1", Status.FAILS),
            (ID, "us-east-1", Status.FAILS),
        ],
    )
    def test_templates_of_another_account_or_region_fail(
        self, answers: Answers, account: str, region: str, status: Status
    ) -> None:
        app = replace(of_templates(), account=account, region=region)

        assert _statuses(place(app, answers.account)) == [status]

    @pytest.mark.parametrize(("pattern", "status"), [("(?!)", Status.FAILS), (".*", Status.OK)])
    def test_parameter_without_value_fails(self, answers: Answers, pattern: str, status: Status) -> None:
        parameters = {"SynthesizedWithoutRegion": {"Type": "String", "AllowedPattern": pattern}}
        app = Assembly(templates={"stack": {"Parameters": parameters, "Resources": {}}})

        assert _statuses(place(app, answers.account)) == [status]

    def test_production_without_region_fails(self, answers: Answers) -> None:
        (finding,) = place(of_environment("prod"), answers.account)

        assert (finding.status, "SynthesizedWithoutRegion" in finding.says) == (Status.FAILS, True)

    def test_failed_place_check_makes_no_other_calls(self, answers: Answers) -> None:
        app = replace(of_templates(Topic={"Type": "AWS::SNS::Topic"}), account="999999999999")

        assert _statuses(run(app, answers.account)) == [Status.FAILS]


class TestBootstrap:
    @pytest.mark.parametrize(("version", "status"), [("5", Status.FAILS), ("6", Status.OK), ("30", Status.OK)])
    def test_bootstrap_version_must_suffice(self, answers: Answers, version: str, status: Status) -> None:
        answers.give("ssm", "get_parameter", {"Parameter": {"Value": version}})
        app = replace(of_templates(), bootstrap_parameter="/cdk-bootstrap/x/version", bootstrap_version=6)

        assert _statuses(bootstrap(app, answers.account)) == [status]

    @pytest.mark.parametrize(
        ("code", "status"), [("ParameterNotFound", Status.FAILS), ("AccessDeniedException", Status.UNKNOWN)]
    )
    def test_missing_bootstrap_differs_from_denied(self, answers: Answers, code: str, status: Status) -> None:
        answers.refuse("ssm", "get_parameter", code)
        app = replace(of_templates(), bootstrap_parameter="/cdk-bootstrap/x/version", bootstrap_version=6)

        assert _statuses(bootstrap(app, answers.account)) == [status]


class TestStacks:
    @pytest.mark.parametrize(
        ("state", "status"),
        [
            ("CREATE_COMPLETE", Status.OK),
            ("UPDATE_ROLLBACK_COMPLETE", Status.OK),
            ("ROLLBACK_COMPLETE", Status.OK),
            ("REVIEW_IN_PROGRESS", Status.OK),
            ("DELETE_FAILED", Status.FAILS),
            ("UPDATE_ROLLBACK_FAILED", Status.FAILS),
            ("UPDATE_IN_PROGRESS", Status.FAILS),
            ("DELETE_IN_PROGRESS", Status.FAILS),
        ],
    )
    def test_stack_state_decides_if_it_can_be_deployed(self, answers: Answers, state: str, status: Status) -> None:
        answers.give("cloudformation", "describe_stacks", _stack(state))

        assert _statuses(stacks(of_templates(), answers.account))[0] is status

    def test_missing_stack_will_be_created(self, answers: Answers) -> None:
        answers.refuse("cloudformation", "describe_stacks", "ValidationError", "Stack with id stack does not exist")

        (finding,) = stacks(of_templates(), answers.account)
        assert (finding.status, finding.says) == (Status.OK, "1 stacks will be created, 0 updated.")

    def test_unreadable_stack_is_reported(self, answers: Answers) -> None:
        answers.refuse("cloudformation", "describe_stacks", "AccessDenied")

        assert _statuses(stacks(of_templates(), answers.account)) == [Status.UNKNOWN]


class TestNames:
    bucket: ClassVar[dict[str, Any]] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}

    @pytest.mark.parametrize(
        ("code", "statuses"),
        [
            ("404", [Status.OK]),
            ("403", [Status.FAILS, Status.OK]),
            ("301", [Status.FAILS, Status.OK]),
            ("500", [Status.UNKNOWN]),
        ],
    )
    def test_bucket_of_another_account_is_taken(self, answers: Answers, code: str, statuses: list[Status]) -> None:
        answers.refuse("cloudformation", "describe_stacks", "ValidationError", "does not exist")
        answers.refuse("s3", "head_bucket", code)

        assert _statuses(names(of_templates(Bucket=self.bucket), answers.account)) == statuses

    def test_resource_kept_by_a_failed_creation_is_taken(self, answers: Answers) -> None:
        answers.give("cloudformation", "describe_stacks", _stack("ROLLBACK_COMPLETE"))
        answers.give("s3", "head_bucket", {})

        finding, _ = names(of_templates(Bucket=self.bucket), answers.account)
        assert finding.says == "S3 Bucket mine already exists and does not belong to the stack stack."
        assert "teardown" in finding.remedy

    @pytest.mark.parametrize(("state", "status"), [("CREATE_COMPLETE", Status.OK), ("DELETE_SKIPPED", Status.FAILS)])
    def test_own_resource_is_not_taken_unless_released(self, answers: Answers, state: str, status: Status) -> None:
        answers.give("cloudformation", "describe_stacks", _stack("UPDATE_COMPLETE"))
        _held(answers, "AWS::S3::Bucket", "mine", state)
        answers.give("s3", "head_bucket", {})

        assert _statuses(names(of_templates(Bucket=self.bucket), answers.account))[0] is status

    @pytest.mark.parametrize(
        ("physical_id", "status"),
        [
            ("mine", Status.OK),
            ("theirs", Status.FAILS),
            ("not-mine", Status.FAILS),
            ("mine-2", Status.FAILS),
            (f"arn:aws:x:eu-west-1:{ID}:mine", Status.OK),
            (f"arn:aws:x:eu-west-1:{ID}:secret:mine-AbCdEf", Status.OK),
            (f"arn:aws:x:eu-west-1:{ID}:policy/mine", Status.OK),
            (f"https://sqs.eu-west-1.amazonaws.com/{ID}/mine", Status.OK),
            (f"arn:aws:x:eu-west-1:{ID}:not-mine", Status.FAILS),
            (f"arn:aws:x:eu-west-1:{ID}:mine-old", Status.FAILS),
        ],
    )
    def test_new_name_of_an_updated_resource_must_be_free(
        self, answers: Answers, physical_id: str, status: Status
    ) -> None:
        answers.give("cloudformation", "describe_stacks", _stack("UPDATE_COMPLETE"))
        _held(answers, "AWS::S3::Bucket", physical_id)
        answers.give("s3", "head_bucket", {})

        assert _statuses(names(of_templates(Bucket=self.bucket), answers.account))[0] is status

    @pytest.mark.parametrize(("physical_id", "status"), [("1", Status.OK), ("2", Status.FAILS)])
    def test_cloudfront_policy_is_matched_by_id(self, answers: Answers, physical_id: str, status: Status) -> None:
        answers.give("cloudformation", "describe_stacks", _stack("UPDATE_COMPLETE"))
        _held(answers, "AWS::CloudFront::CachePolicy", physical_id)
        answers.give("cloudfront", "list_cache_policies", _policies("mine"))
        policy = {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": {"Name": "mine"}}}

        assert _statuses(names(of_templates(Bucket=policy), answers.account))[0] is status

    def test_cloudfront_policies_are_read_from_all_pages(self, answers: Answers) -> None:
        answers.refuse("cloudformation", "describe_stacks", "ValidationError", "does not exist")
        answers.give("cloudfront", "list_cache_policies", _policies("other", marker="2"))
        answers.give("cloudfront", "list_cache_policies", _policies("mine"))
        policy = {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": {"Name": "mine"}}}

        assert _statuses(names(of_templates(Policy=policy), answers.account)) == [Status.FAILS, Status.OK]


class TestQuotas:
    @pytest.mark.parametrize(("limit", "status"), [(10, Status.WARNING), (100, Status.OK), (1000, Status.OK)])
    def test_new_accounts_concurrency_limit_is_reported(self, answers: Answers, limit: int, status: Status) -> None:
        _counted(answers, concurrency=limit)

        assert _statuses(quotas(of_templates(), answers.account))[-1] is status

    @pytest.mark.parametrize(("roles", "status"), [(997, Status.OK), (998, Status.FAILS)])
    def test_added_resources_must_fit_quotas(self, answers: Answers, roles: int, status: Status) -> None:
        _counted(answers, roles=roles)
        role = {"Type": "AWS::IAM::Role"}

        assert _statuses(quotas(of_templates(A=role, B=role, C=role), answers.account))[-2] is status

    @pytest.mark.parametrize(("roles", "status"), [(999, Status.OK), (1000, Status.FAILS)])
    def test_existing_resources_are_not_counted_again(self, answers: Answers, roles: int, status: Status) -> None:
        answers.give("cloudformation", "describe_stacks", _stack("UPDATE_COMPLETE"))
        _held(answers, "AWS::IAM::Role", "role", logical_id="A")
        _counted(answers, roles=roles, deployed=True)
        role = {"Type": "AWS::IAM::Role"}

        assert _statuses(quotas(of_templates(A=role, B=role), answers.account))[-2] is status

    @pytest.mark.parametrize(("buses", "status"), [(99, Status.OK), (100, Status.UNKNOWN)])
    def test_default_quota_never_fails(self, answers: Answers, buses: int, status: Status) -> None:
        _counted(answers, buses=buses)

        assert _statuses(quotas(of_templates(A={"Type": "AWS::Events::EventBus"}), answers.account))[-3] is status

    def test_applied_quota_counts(self, answers: Answers) -> None:
        _counted(answers, buckets=2, most=2)
        first = next(quotas(of_templates(Bucket={"Type": "AWS::S3::Bucket"}), answers.account))

        assert (first.status, first.says) == (
            Status.FAILS,
            "S3 buckets: 2 exist, up to 1 more are needed, the quota is 2.",
        )

    def test_denied_quota_check_is_reported(self, answers: Answers) -> None:
        answers.refuse("cloudformation", "describe_stacks", "AccessDenied")
        for service, operation in (
            ("s3", "list_buckets"),
            ("dynamodb", "list_tables"),
            ("cloudformation", "list_stacks"),
            ("sns", "list_topics"),
            ("apigateway", "get_rest_apis"),
            ("cognito-idp", "list_user_pools"),
            ("events", "list_event_buses"),
            ("iam", "get_account_summary"),
            ("lambda", "get_account_settings"),
        ):
            answers.refuse(service, operation, "AccessDenied")

        assert set(_statuses(quotas(of_templates(), answers.account))) == {Status.UNKNOWN}


class TestRights:
    app = replace(
        of_templates(Topic={"Type": "AWS::SNS::Topic"}, Queue={"Type": "AWS::SQS::Queue"}),
        roles=["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-deploy"],
        execution_role="arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-exec",
    )

    def test_rights_of_both_roles_are_simulated(self, answers: Answers) -> None:
        answers.give("iam", "get_role", {"Role": _role(_ROLE)})
        answers.give("iam", "simulate_principal_policy", _decisions(**{"sts:AssumeRole": "allowed"}))
        answers.give(
            "iam",
            "simulate_principal_policy",
            _decisions(**{"sns:CreateTopic": "allowed", "sqs:CreateQueue": "implicitDeny"}),
        )

        mine, cloudformations = rights(self.app, answers.account)
        assert (mine.status, mine.says) == (
            Status.OK,
            f"{_ROLE} has the permissions that a deployment needs (1 actions).",
        )
        assert (cloudformations.status, cloudformations.says) == (
            Status.FAILS,
            f"arn:aws:iam::{ID}:role/cdk-exec lacks the permissions sqs:CreateQueue.",
        )

    def test_denied_simulation_is_reported(self, answers: Answers) -> None:
        answers.refuse("iam", "get_role", "AccessDenied")
        answers.refuse("iam", "simulate_principal_policy", "AccessDenied")

        assert _statuses(rights(self.app, answers.account)) == [Status.UNKNOWN, Status.UNKNOWN]

    def test_root_needs_no_simulation(self) -> None:
        with Answers(caller=f"arn:aws:iam::{ID}:root") as answers:
            answers.give("iam", "simulate_principal_policy", _decisions(**{"sns:CreateTopic": "allowed"}))

            assert _statuses(rights(self.app, answers.account)) == [Status.OK, Status.OK]


class TestSurroundings:
    arn = f"arn:aws:acm:us-east-1:{ID}:certificate/1"

    @pytest.mark.parametrize(
        ("state", "names_", "status"),
        [
            ("ISSUED", ["app.example.com"], Status.OK),
            ("ISSUED", ["*.example.com"], Status.OK),
            ("ISSUED", ["example.com"], Status.FAILS),
            ("ISSUED", ["*.app.example.com"], Status.FAILS),
            ("PENDING_VALIDATION", ["app.example.com"], Status.FAILS),
            ("EXPIRED", ["app.example.com"], Status.FAILS),
        ],
    )
    def test_certificate_must_be_issued_for_the_domain(
        self, answers: Answers, state: str, names_: list[str], status: Status
    ) -> None:
        found = {"Status": state, "DomainName": names_[0], "SubjectAlternativeNames": names_}
        answers.give("acm", "describe_certificate", {"Certificate": found}, region="us-east-1")

        assert _statuses(certificate(_page(self.arn), answers.account)) == [status]

    @pytest.mark.parametrize(
        ("code", "status"), [("ResourceNotFoundException", Status.FAILS), ("AccessDeniedException", Status.UNKNOWN)]
    )
    def test_missing_certificate_fails(self, answers: Answers, code: str, status: Status) -> None:
        answers.refuse("acm", "describe_certificate", code, region="us-east-1")

        assert _statuses(certificate(_page(self.arn), answers.account)) == [status]

    def test_certificate_of_another_region_fails(self, answers: Answers) -> None:
        elsewhere = self.arn.replace("us-east-1", "eu-west-1")

        assert _statuses(certificate(_page(elsewhere), answers.account)) == [Status.FAILS]

    def test_page_without_domain_needs_no_certificate(self, answers: Answers) -> None:
        page = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {}}}

        assert _statuses(certificate(of_templates(Page=page), answers.account)) == [Status.OK]

    @pytest.mark.parametrize(
        ("sender", "production", "statuses"),
        [
            (None, True, [Status.OK, Status.OK]),
            (None, False, [Status.OK, Status.OK]),
            ("DEVELOPER", True, [Status.OK]),
            ("DEVELOPER", False, [Status.FAILS]),
        ],
    )
    def test_ses_sandbox_fails_a_pool_with_ses(
        self,
        answers: Answers,
        sender: str | None,
        production: bool,  # noqa: FBT001 - a parameter of the test
        statuses: list[Status],
    ) -> None:
        answers.give("sesv2", "get_account", {"ProductionAccessEnabled": production})
        settings = {"EmailConfiguration": {"EmailSendingAccount": sender}} if sender else {}
        pool = {"Type": "AWS::Cognito::UserPool", "Properties": settings}

        assert _statuses(mail(of_templates(Pool=pool), answers.account)) == statuses

    @pytest.mark.parametrize("role", [{}, {"cloudwatchRoleArn": _ROLE}])
    def test_api_gateway_log_role_is_reported(self, answers: Answers, role: dict[str, str]) -> None:
        answers.give("apigateway", "get_account", role)
        app = of_templates(Account={"Type": "AWS::ApiGateway::Account"})

        (finding,) = api_logs(app, answers.account)
        assert finding.status is Status.OK
        assert (_ROLE in finding.says) == bool(role)

    @pytest.mark.parametrize(("region", "status"), [("eu-central-1", Status.OK), ("mx-nowhere-1", Status.FAILS)])
    def test_region_must_have_every_service(self, region: str, status: Status) -> None:
        account = Answers(caller=CALLER, region=region).account

        app = of_templates(Pool={"Type": "AWS::Cognito::UserPool"}, Stream={"Type": "AWS::Kinesis::Stream"})

        assert _statuses(services(app, account)) == [status]


def _stack(state: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "stack", "CreationTime": _NOW, "StackStatus": state}]}


def _held(
    answers: Answers, kind: str, physical_id: str, state: str = "CREATE_COMPLETE", *, logical_id: str = "Bucket"
) -> None:
    held = {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "LastUpdatedTimestamp": _NOW,
        "ResourceStatus": state,
    }
    answers.give("cloudformation", "list_stack_resources", {"StackResourceSummaries": [held]})


def _policies(name: str, *, marker: str | None = None) -> dict[str, Any]:
    policy = {"Id": "1", "LastModifiedTime": _NOW, "CachePolicyConfig": {"Name": name, "MinTTL": 0}}
    listed: dict[str, Any] = {
        "MaxItems": 1,
        "Quantity": 1,
        "Items": [{"Type": "custom", "CachePolicy": policy}],
    }
    return {"CachePolicyList": {**listed, **({"NextMarker": marker} if marker else {})}}


def _role(arn: str) -> dict[str, Any]:
    return {"Path": "/path/", "RoleName": "deployer", "RoleId": "AROA1234567890123456", "Arn": arn, "CreateDate": _NOW}


def _decisions(**decisions: str) -> dict[str, Any]:
    return {
        "EvaluationResults": [
            {"EvalActionName": action, "EvalDecision": decision, "EvalResourceName": "*"}
            for action, decision in decisions.items()
        ]
    }


def _page(arn: str) -> Any:  # noqa: ANN401 - an app
    settings = {"Aliases": ["app.example.com"], "ViewerCertificate": {"AcmCertificateArn": arn}}
    page = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": settings}}
    return of_templates(Page=page)


def _counted(
    answers: Answers,
    *,
    buckets: int = 0,
    buses: int = 0,
    most: int = 1000,
    roles: int = 0,
    concurrency: int = 1000,
    deployed: bool = False,
) -> None:
    if not deployed:
        answers.refuse("cloudformation", "describe_stacks", "ValidationError", "does not exist")
    answers.give("s3", "list_buckets", {"Buckets": [{"Name": f"b{number}"} for number in range(buckets)]})
    answers.give("dynamodb", "list_tables", {"TableNames": []})
    answers.give("cloudformation", "list_stacks", {"StackSummaries": []})
    answers.give("sns", "list_topics", {"Topics": []})
    for number in range(len(QUOTAS)):
        if number % 2:
            answers.refuse("service-quotas", "get_service_quota", "NoSuchResourceException")
            answers.give("service-quotas", "get_aws_default_service_quota", {"Quota": {"Value": most}})
        else:
            answers.give("service-quotas", "get_service_quota", {"Quota": {"Value": most}})
    answers.give("apigateway", "get_rest_apis", {"items": []})
    answers.give("cognito-idp", "list_user_pools", {"UserPools": []})
    answers.give("events", "list_event_buses", {"EventBuses": [{"Name": f"b{number}"} for number in range(buses)]})
    answers.give("iam", "get_account_summary", {"SummaryMap": {"Roles": roles, "RolesQuota": 1000}})
    answers.give("lambda", "get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": concurrency}})
