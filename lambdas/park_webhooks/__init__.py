"""Webhooks of parks and those who made them; shared by the functions that publish and that pause."""
