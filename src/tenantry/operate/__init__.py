"""What an operator needs: environments, dead-letter messages, servers, accounts, preflight and teardown."""
