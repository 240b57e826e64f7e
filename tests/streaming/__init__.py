"""The streaming application, run for real: on Flink, against the local cloud's Kinesis and S3."""
