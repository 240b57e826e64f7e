"""The streaming application beside the published job: the same records, the same Flink, one core."""
