"""Gaps of Cognito."""
