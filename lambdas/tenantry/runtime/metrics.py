"""A function's metrics, which CloudWatch reads from its log (embedded metric format).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def count(values: Mapping[str, float], **dimensions: str) -> None:
    """Write counts, by name, under the dimension ``service`` and further ones.

    Examples
    --------
    >>> count({"WebhooksPaused": 2}, tenant="texas")
    """
    named = {"service": os.environ.get("SERVICE_NAME", ""), **dimensions}
    directive = {
        "Namespace": os.environ.get("METRICS_NAMESPACE", ""),
        "Dimensions": [list(named)],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    sys.stdout.write(json.dumps({"_aws": about, **named, **values}, separators=(",", ":")) + "\n")
