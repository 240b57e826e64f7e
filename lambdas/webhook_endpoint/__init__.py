"""Checks that a webhook's endpoint is public."""
