"""Probes of `cloudformation.metric_math_alarms`."""

from tests.local.ground import Ground
from tests.local.probes import probe


@probe(aws=True, ministack=False)
def an_alarm_on_an_expression(ground: Ground) -> bool:
    counter = {"MetricStat": {"Metric": {"Namespace": "Any", "MetricName": "any"}, "Period": 60, "Stat": "Maximum"}}
    properties = {
        "Metrics": [
            {"Id": "rate", "Expression": "RATE(counter)", "ReturnData": True},
            {"Id": "counter", "ReturnData": False, **counter},
        ],
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 0,
    }
    return bool(ground.stack(Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": properties}))
