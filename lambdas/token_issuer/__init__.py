"""GET /token."""
