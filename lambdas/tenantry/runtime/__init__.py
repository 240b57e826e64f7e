"""What the functions share: identifiers, callers, tokens, replies, events and the tenant directory."""
