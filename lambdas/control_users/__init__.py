"""The users' routes of the control API, by which operators manage accounts."""
