"""People's accounts in the operator's hand."""
