"""Gaps of API Gateway."""
