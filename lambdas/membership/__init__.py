"""Who belongs to which tenant: the routes of membership."""
