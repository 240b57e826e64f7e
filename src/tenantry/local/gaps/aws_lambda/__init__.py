"""Gaps of Lambda."""
