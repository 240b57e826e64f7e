"""What an environment costs a month that nobody uses, counted from its templates."""
