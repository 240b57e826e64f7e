"""Who belongs to which tenant."""
