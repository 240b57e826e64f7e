"""What a tenant, a user and their isolation are: facts that every other part shares. Standard library only."""
