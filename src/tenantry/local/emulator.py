"""The emulator's process: MiniStack with its gaps closed, on one TLS port of 127.0.0.1, and its page for browsers.

`tenantry.local.process` starts it, with a clean environment that says everything it needs.
"""

import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tenantry.local import gaps, saved_state
from tenantry.local.errors import LocalCloudError
from tenantry.local.front_door import front_door
from tenantry.local.settings import (
    FOLDER_VARIABLE,
    HOST,
    PAGE_PORT_VARIABLE,
    VERSION_VARIABLE,
    StateFolder,
    write_private,
)


def main() -> None:
    """Serve until told to stop, then save."""
    folder = StateFolder(Path(os.environ[FOLDER_VARIABLE]))
    with folder.lock.open("w") as lock:
        # Held until the process ends, however it ends: whether the emulator lives never needs to be guessed. It may
        # have to wait for a process that checks this; `tenantry.local.cloud` lets one at a time start another.
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))  # by which it can be stopped whatever became of the other file
        lock.flush()
        identity = {
            "pid": os.getpid(),
            "port": int(os.environ["GATEWAY_PORT"]),
            "page_port": int(os.environ[PAGE_PORT_VARIABLE]),
            "version": os.environ[VERSION_VARIABLE],
        }
        gaps.close_all()
        logging.getLogger("asyncio").addFilter(_is_worth_a_line)
        asyncio.run(_serve_and_save(folder, json.dumps(identity)))


async def _serve_and_save(folder: StateFolder, identity: str) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - MiniStack reads its environment when it is imported
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack import app as ministack  # noqa: PLC0415
    from ministack.services import cloudfront  # noqa: PLC0415

    config = Config()
    # MiniStack's own main() would also listen on port 443 where it may, which is not ours to take.
    config.bind = [f"{HOST}:{os.environ['GATEWAY_PORT']}"]
    config.insecure_bind = [f"{HOST}:{os.environ[PAGE_PORT_VARIABLE]}"]
    config.certfile, config.keyfile = str(folder.tls / "server.pem"), str(folder.tls / "server-key.pem")
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"

    told_to_stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told_to_stop.set)

    def distribution() -> str | None:
        known = [dist["DomainName"] for dist in cloudfront._distributions.values() if dist["enabled"]]  # noqa: SLF001
        return known[-1] if known else None

    restored = asyncio.Event()

    def restore() -> None:
        _restore_or_end(folder, ministack, identity)
        restored.set()

    ministack._load_persisted_state = restore  # noqa: SLF001
    app = front_door(ministack.app, int(os.environ[PAGE_PORT_VARIABLE]), distribution)
    server = asyncio.create_task(serve(app, config, shutdown_trigger=asyncio.Event().wait))
    stopped = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if server.done():  # it ends by itself only when it cannot start
        folder.process.unlink(missing_ok=True)  # what was saved before is still good
        server.result()
    if restored.is_set():  # else nothing is here that could replace what was saved before
        try:
            await asyncio.to_thread(saved_state.save, folder, ministack)
        except LocalCloudError as error:
            _end(error)
        # Only a clean stop gets here. The file left behind tells the next start that nothing was saved.
        folder.process.unlink()
    logging.shutdown()
    # The server's own way out waits for every client to hang up, and the interpreter's for every thread.
    os._exit(0)


def _restore_or_end(folder: StateFolder, ministack: object, identity: str) -> None:
    """Restore what was saved, and say which process has it from now on; if it cannot, what was saved is still there."""
    try:
        saved_state.restore(folder, ministack)
        write_private(folder.process, identity)
    except (LocalCloudError, OSError) as error:
        _end(error)


def _end(error: Exception) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    logging.shutdown()
    os._exit(1)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Leave out that a client went away without the last words of TLS, which many do."""
    return not (record.exc_info and isinstance(record.exc_info[1], TimeoutError))


if __name__ == "__main__":
    main()
