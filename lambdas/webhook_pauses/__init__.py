"""Pauses the webhooks of users who may have none any more."""
