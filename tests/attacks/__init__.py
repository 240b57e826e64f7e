"""The attacker's own tests, and the attacks themselves."""
