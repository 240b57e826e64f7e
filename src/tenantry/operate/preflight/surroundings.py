"""What the stacks find around them: services of the region, mail, the page's certificate, API Gateway's own role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import botocore.session

from tenantry.operate.preflight.account import NOT_ASKED, code_of, reason
from tenantry.operate.preflight.assembly import resolved
from tenantry.operate.preflight.findings import fails, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding

_PAGE_REGION: Final = "us-east-1"  # where CloudFront looks for certificates
# Part of CloudFormation's types, and boto3's names of services; those that are everywhere are left out.
_SERVICES: Final = {
    "AWS::Cognito::": "cognito-idp",
    "AWS::EventSchemas::": "schemas",
    "AWS::Glue::": "glue",
    "AWS::IoT::": "iot",
    "AWS::Kinesis::": "kinesis",
    "AWS::KinesisAnalyticsV2::": "kinesisanalyticsv2",
    "AWS::StepFunctions::": "stepfunctions",
}


def services(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Say which services the region lacks, as the SDK's own list of endpoints knows it."""
    session, kinds = botocore.session.get_session(), assembly.counts()
    missing = [
        service
        for beginning, service in _SERVICES.items()
        if any(kind.startswith(beginning) for kind in kinds)
        and account.region not in session.get_available_regions(service, partition_name=account.partition)
    ]
    if missing:
        yield fails("region", f"{account.region} lacks {', '.join(missing)}.", "Deploy to another region.")
    else:
        yield ok("region", f"{account.region} has every service that the stacks use.", asked=False)


def mail(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Say how many people can sign up in a day."""
    pools = [resource for resource in assembly.resources() if resource.kind == "AWS::Cognito::UserPool"]
    senders = [pool.properties.get("EmailConfiguration", {}).get("EmailSendingAccount") for pool in pools]
    own = "DEVELOPER" in senders
    if pools and not own:
        # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
        says = "Cognito sends the mail itself, 50 messages a day for the account."
        yield ok(
            "mail",
            says,
            "Before real users sign up, configure an SES identity for the user pool: docs/deployment.md.",
            asked=False,
        )
    try:
        production = account.client("sesv2").get_account()["ProductionAccessEnabled"]
    except NOT_ASKED as error:
        yield unknown("mail", f"SES: {reason(error)}.", "Allow ses:GetAccount.")
        return
    if production:
        yield ok("mail", "SES may send to any address.")
    elif own:
        remedy = "Request production access in the SES console: until then it sends to verified addresses only."
        yield fails("mail", "SES is in its sandbox in this account, and the user pool sends through it.", remedy)
    else:
        yield ok(
            "mail",
            "SES is in its sandbox in this account.",
            "Request production access before the user pool sends through SES.",
        )


def certificate(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Ask whether the page's certificate is there, issued, and for the page's name."""
    for resource in assembly.resources():
        if resource.kind != "AWS::CloudFront::Distribution":
            continue
        settings = resource.properties["DistributionConfig"]
        arn = resolved(settings.get("ViewerCertificate", {}).get("AcmCertificateArn"), account)
        if not arn:
            yield ok(
                "certificate", "The page uses CloudFront's own domain name, and needs no certificate.", asked=False
            )
            continue
        yield _certificate(arn, settings.get("Aliases", []), account)


def _certificate(arn: str, aliases: list[str], account: Account) -> Finding:
    remedy = f"Request one in {_PAGE_REGION}, and wait until it is issued: docs/deployment.md."
    if arn.split(":")[3] != _PAGE_REGION:
        return fails("certificate", f"{arn} is not in {_PAGE_REGION}, where CloudFront looks for it.", remedy)
    try:
        found = account.client("acm", region=_PAGE_REGION).describe_certificate(CertificateArn=arn)["Certificate"]
    except NOT_ASKED as error:
        if code_of(error) == "ResourceNotFoundException":
            return fails("certificate", f"Certificate not found: {arn}.", remedy)
        return unknown("certificate", f"{arn}: {reason(error)}.", "Allow acm:DescribeCertificate.")
    covered = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    missing = [alias for alias in aliases if not {alias, f"*.{alias.partition('.')[2]}"} & covered]
    if found["Status"] != "ISSUED":
        return fails(
            "certificate",
            f"{arn} is {found['Status']}.",
            "Finish its validation: create the DNS record that ACM shows.",
        )
    if missing:
        return fails("certificate", f"{arn} does not cover {', '.join(missing)}.", remedy)
    return ok("certificate", f"{arn} is issued for {', '.join(aliases)}.")


def api_logs(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Say whose role API Gateway writes its logs with: an account has one."""
    if not assembly.counts()["AWS::ApiGateway::Account"]:
        return
    try:
        role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    except NOT_ASKED as error:
        yield unknown("API logs", f"API Gateway: {reason(error)}.", "Allow apigateway:GET on /account.")
        return
    if role:
        says = f"API Gateway writes its logs as {role}."
        yield ok(
            "API logs",
            says,
            "The deployment replaces it for all APIs of this account and region by a role with the same permissions.",
        )
    else:
        yield ok("API logs", "API Gateway has no role for its logs yet; the deployment sets one.")
