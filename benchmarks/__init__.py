"""How long things take on this machine: figures to compare, not to pass or fail by."""
