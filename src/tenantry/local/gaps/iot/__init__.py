"""Gaps of IoT Core."""
