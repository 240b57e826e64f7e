"""Cognito's PostConfirmation hook."""
