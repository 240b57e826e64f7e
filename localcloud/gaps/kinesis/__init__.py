"""Gaps of Kinesis."""
