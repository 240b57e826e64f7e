"""Apache Flink on this machine: what the local cloud runs streaming applications with."""
