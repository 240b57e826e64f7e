"""Gaps of CloudWatch."""
