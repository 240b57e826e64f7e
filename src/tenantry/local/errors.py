"""What can go wrong with the local cloud, said so that a person knows what to do next."""


class LocalCloudError(Exception):
    """A failure that its message explains, together with the way out."""
