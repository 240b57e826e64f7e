"""Alarms that tell operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct

_GREATER_OR_EQUAL = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


def alarm(
    scope: Construct,
    construct_id: str,
    metric: cloudwatch.IMetric,
    description: str,
    *,
    tells: sns.ITopic,
    threshold: float = 1,
    periods: int = 1,
    comparison: cloudwatch.ComparisonOperator = _GREATER_OR_EQUAL,
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> None:
    """Notify a topic when a metric reaches a threshold, in so many periods one after the other."""
    cloudwatch.Alarm(
        scope,
        construct_id,
        metric=metric,
        alarm_description=description,
        threshold=threshold,
        evaluation_periods=periods,
        comparison_operator=comparison,
        treat_missing_data=missing,
    ).add_alarm_action(actions.SnsAction(tells))
