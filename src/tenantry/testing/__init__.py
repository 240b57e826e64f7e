"""Helpers that the attacks, the local cloud and the tests share."""
