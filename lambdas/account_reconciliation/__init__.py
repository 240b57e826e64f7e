"""Finds where the user pool and the directory differ, and repairs it."""
