"""Webhooks of parks and their owners; shared by the functions that publish and that pause."""
