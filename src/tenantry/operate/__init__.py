"""What an operator needs: where an environment is, its dead letters, and the project's locks."""
