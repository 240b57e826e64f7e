"""Save and restore what the services hold, all of it or nothing.

MiniStack goes on without what it cannot write or read. The stacks would then be there without their tables or users,
and no deployment would find anything to do.
"""

from typing import Any

from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import StateFolder


def save(folder: StateFolder, app: Any) -> None:  # noqa: ANN401 - MiniStack's module
    """Save each service that has state; while this runs, and after it has failed, the folder has parts of it only.

    Parameters
    ----------
    folder
        The local cloud's files.
    app
        `ministack.app`.

    Raises
    ------
    LocalCloudError
        The state of a service cannot be read or written; a full disk, say.
    """
    for service, get_state in app._build_persistence_save_dict().items():  # noqa: SLF001
        path = folder.saved / f"{service}.json"
        try:
            if (state := get_state()) is None:  # it was not used, and what it saved before is still so
                continue
            path.unlink(missing_ok=True)
            app.save_all({service: lambda state=state: state})  # logs what went wrong, and goes on
        except Exception as error:
            raise LocalCloudError(f"The state of {service} cannot be saved: {type(error).__name__}: {error}") from error
        if not path.exists():
            raise LocalCloudError(f"The state of {service} cannot be saved in {path}. See the error before this one.")


def restore(folder: StateFolder, app: Any) -> None:  # noqa: ANN401 - MiniStack's module
    """Restore each service that has saved something.

    Parameters
    ----------
    folder
        The local cloud's files.
    app
        `ministack.app`.

    Raises
    ------
    LocalCloudError
        A service's file cannot be read: it is damaged, or of a newer MiniStack.
    """
    for service, module in app._state_map.items():  # noqa: SLF001
        path = folder.saved / f"{service}.json"
        if not path.exists():
            continue
        try:
            state = app.load_state(service)  # logs why there is none
            if state:
                app._get_module(module).load_persisted_state(state)  # noqa: SLF001
        except Exception as error:
            raise _unreadable(path, f": {type(error).__name__}: {error}") from error
        if state is None:
            raise _unreadable(path, ", or is of a newer version of the emulator")


def _unreadable(path: object, why: str) -> LocalCloudError:
    return LocalCloudError(f"The saved state in {path} cannot be read{why}.")
