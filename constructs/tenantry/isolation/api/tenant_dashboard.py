"""One look at what each tenant gets of the system: requests, refusals, failures, and what waits or was given up."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from tenantry.isolation.validation import application_name

_PERIOD: Final = Duration.minutes(5)
# What the console replaces with the id that an operator types. As it stands, it is the dimension's own name (upper and
# lower case are one to a search), and so finds every tenant.
_TENANT: Final = "TENANT"
# Title, schema, metric and statistic.
_ROWS: Final = (
    (
        ("API latency, p95", "AWS/ApiGateway,ApiName", "Latency", "p95"),
        ("API 5xx", "AWS/ApiGateway,ApiName", "5XXError", "Sum"),
        ("API 4xx", "AWS/ApiGateway,ApiName", "4XXError", "Sum"),
    ),
    (
        ("Function errors", "AWS/Lambda,FunctionName", "Errors", "Sum"),
        ("Function throttles", "AWS/Lambda,FunctionName", "Throttles", "Sum"),
        ("Failed workflow executions", "AWS/States,StateMachineArn", "ExecutionsFailed", "Sum"),
    ),
    (
        (
            "Messages in queues and dead-letter queues",
            "AWS/SQS,QueueName",
            "ApproximateNumberOfMessagesVisible",
            "Maximum",
        ),
        ("Table throttles", "AWS/DynamoDB,TableName,Operation", "ThrottledRequests", "Sum"),
        (
            "Age of the oldest unread record in the stream",
            "AWS/Kinesis,StreamName",
            "GetRecords.IteratorAgeMilliseconds",
            "Maximum",
        ),
    ),
)


class TenantDashboard(Construct):
    """A CloudWatch dashboard of the whole application, which can be narrowed to one tenant.

    Isolation: it is for operators, who may see every tenant. Nothing but ids and counts is on it.

    It finds its metrics by search, so that a new tenant, function, API or queue is on it without a deployment. The
    functions write theirs with the dimensions ``service`` and ``tenant`` (`tenantry.runtime.rest`).

    Source:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_dashboard_variables.html

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    application
        The application's name: the namespace of its metrics, and what its stacks' resources are named after.
    """

    def __init__(self, scope: Construct, construct_id: str, *, application: str) -> None:
        super().__init__(scope, construct_id)
        self._application = application_name(application)
        self._dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=Duration.hours(3),
            variables=[
                cloudwatch.DashboardVariable(
                    id="tenant",
                    label="Tenant",
                    type=cloudwatch.VariableType.PATTERN,
                    input_type=cloudwatch.VariableInputType.INPUT,
                    value=_TENANT,
                    default_value=cloudwatch.DefaultValue.value(_TENANT),
                    visible=True,
                )
            ],
            widgets=[
                [
                    self._graph("Requests by tenant", self._of_tenant("2xx", "3xx", "4xx", "5xx")),
                    self._graph("Refused requests by tenant (4xx)", self._of_tenant("4xx")),
                    self._graph("Failed requests by tenant (5xx)", self._of_tenant("5xx")),
                ],
                *([self._graph(title, self._of(*search)) for title, *search in row] for row in _ROWS),
            ],
        )

    @property
    def dashboard_name(self) -> str:
        """The dashboard's name in the console."""
        return self._dashboard.dashboard_name

    def _of_tenant(self, *classes: str) -> str:
        names = " OR ".join(f'"Replies{kind}"' for kind in classes)
        return (
            f"SEARCH('{{{self._application},service,tenant}} MetricName=({names}) \"{_TENANT}\"', 'Sum', "
            f"{_PERIOD.to_seconds()})"
        )

    def _of(self, schema: str, metric: str, statistic: str) -> str:
        # A bare word finds every name that has it as a part: the stacks' resources begin with the application's name.
        return (
            f"SEARCH('{{{schema}}} MetricName=\"{metric}\" {self._application}', '{statistic}', {_PERIOD.to_seconds()})"
        )

    @staticmethod
    def _graph(title: str, search: str) -> cloudwatch.GraphWidget:
        found = cloudwatch.MathExpression(expression=search, period=_PERIOD, label="")
        return cloudwatch.GraphWidget(title=title, left=[found], width=8, height=6)
