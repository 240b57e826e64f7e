"""Pauses the webhooks of those who may have none any more."""
