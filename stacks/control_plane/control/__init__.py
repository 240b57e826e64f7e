"""The control stack: the operators' API."""
