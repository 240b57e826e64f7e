"""People's accounts in the operator's hand: the users' routes of the control API."""
