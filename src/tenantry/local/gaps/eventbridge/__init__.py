"""Gaps of EventBridge."""
