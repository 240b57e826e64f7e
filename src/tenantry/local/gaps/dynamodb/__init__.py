"""Gaps of DynamoDB."""
