"""Cognito's pre token generation hook."""
