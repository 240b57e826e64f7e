"""Probes of `cloudformation.metric_math_alarms`."""

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=True, ministack=False)
def an_alarm_on_an_expression(emulator: Emulator) -> bool:
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
    return bool(emulator.stack(Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": properties}))
