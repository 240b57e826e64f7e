"""What a tenant uses."""
