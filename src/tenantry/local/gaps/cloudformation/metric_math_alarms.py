"""CloudFormation creates alarms on metric math expressions.

AWS: an alarm watches one metric, or an expression over several (`Metrics`).
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html

MiniStack: refuses a template with such an alarm.

Here: it is created, and never changes its state: the local cloud does not have the metrics of our expressions.
"""

from typing import Any

from ministack.services.cloudformation import provisioners

from tenantry.local.patching import Fields, Original, wrap


def close() -> None:
    """Close the gap."""
    wrap(provisioners, "_cw_metric_alarm_record", _with_expressions)


def _with_expressions(record_of: Original, name: str, properties: Fields) -> Any:
    if not properties.get("Metrics"):
        return record_of(name, properties)
    # A namespace that nothing writes to, so that nothing is ever compared with the threshold.
    stand_in = {**properties, "Metrics": None, "MetricName": "Expression", "Namespace": "Tenantry/Calculated"}
    return record_of(name, stand_in)
