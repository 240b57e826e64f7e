"""The emulator's process: MiniStack with its gaps closed, on one TLS port of 127.0.0.1, and the page's port.

`localcloud.process` starts it, with an environment that contains all its settings.
"""

import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
from pathlib import Path

from localcloud import gaps, saved_state
from localcloud.errors import LocalCloudError
from localcloud.front_door import front_door
from localcloud.settings import FOLDER_VARIABLE, HOST, PAGE_PORT_VARIABLE, VERSION_VARIABLE, StateFolder, write_private


def main() -> None:
    """Serve until told to stop, then save."""
    folder = StateFolder(Path(os.environ[FOLDER_VARIABLE]))
    with folder.lock.open("w") as lock:
        # Held until the process ends, however it ends, so that the lock shows whether the emulator runs. It may
        # have to wait for a process that checks the lock; `localcloud.cloud` starts one emulator at a time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))  # enough to stop the process when the other file is lost
        lock.flush()
        identity = {
            "pid": os.getpid(),
            "port": int(os.environ["GATEWAY_PORT"]),
            "page_port": int(os.environ[PAGE_PORT_VARIABLE]),
            "version": os.environ[VERSION_VARIABLE],
        }
        write_private(folder.process, json.dumps(identity))
        gaps.close_all()
        logging.getLogger("asyncio").addFilter(_is_worth_a_line)
        asyncio.run(_serve_and_save(folder))


async def _serve_and_save(folder: StateFolder) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - MiniStack reads its environment when it is imported
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack import app as ministack  # noqa: PLC0415
    from ministack.services import cloudfront  # noqa: PLC0415

    config = Config()
    # MiniStack's own main() would also listen on port 443, which belongs to the machine.
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

    ministack._load_persisted_state = lambda: _restore_or_end(folder, ministack)  # noqa: SLF001
    app = front_door(ministack.app, int(os.environ[PAGE_PORT_VARIABLE]), distribution)
    server = asyncio.create_task(serve(app, config, shutdown_trigger=asyncio.Event().wait))
    stopped = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if server.done():
        server.result()  # it ends by itself only when it cannot start
    await asyncio.to_thread(lambda: ministack.save_all(ministack._build_persistence_save_dict()))  # noqa: SLF001
    # Reached by a clean stop only. A file that is left tells the next start that nothing was saved.
    folder.process.unlink()
    logging.shutdown()
    # Without this, the server would wait for every client to disconnect, and the interpreter for every thread.
    os._exit(0)


def _restore_or_end(folder: StateFolder, ministack: object) -> None:
    try:
        saved_state.restore(folder, ministack)
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        folder.process.unlink()  # the saved state is still there, and may be repaired
        logging.shutdown()
        os._exit(1)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Return whether a record is more than a client that disconnected without closing TLS, as many do."""
    return not (record.exc_info and isinstance(record.exc_info[1], TimeoutError))


if __name__ == "__main__":
    main()
