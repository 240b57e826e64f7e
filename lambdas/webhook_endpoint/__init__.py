"""Says whether a webhook's endpoint is one that anybody on the internet could be called at."""
