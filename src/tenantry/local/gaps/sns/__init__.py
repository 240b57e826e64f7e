"""Gaps of SNS."""
