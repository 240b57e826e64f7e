"""Publishes a web page's files."""
