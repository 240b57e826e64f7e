"""The storage stack."""
