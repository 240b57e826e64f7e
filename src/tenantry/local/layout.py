"""The version of the state folder, so that an older program refuses a folder that it would misread.

A folder without a version, or with an older one, is read: every missing field has a default.
"""

import json

from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import StateFolder, read_fields, write_private

#: Raised with a change after which an older program must not start on the folder.
VERSION = 1


def check(folder: StateFolder) -> None:
    """Check that this program can start on the folder.

    Raises
    ------
    LocalCloudError
        A newer program has written it.
    """
    found = read_fields(folder.layout, version=int)
    if found and found["version"] > VERSION:
        raise LocalCloudError(
            f"The state in {folder.home} is of a newer version of the local cloud ({found['version']}; this one reads "
            f"{VERSION}). Go back to the newer commit, or start from nothing: make down"
        )


def mark(folder: StateFolder) -> None:
    """Write the version into the folder."""
    write_private(folder.layout, json.dumps({"version": VERSION}))
