"""Errors of the local cloud, whose messages say what to do next."""


class LocalCloudError(Exception):
    """A failure whose message names the cause and the remedy."""
