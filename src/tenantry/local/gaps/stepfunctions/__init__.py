"""Gaps of Step Functions."""
