"""Changes of accounts: the directory's step of the state machine `AccountChanges`."""
