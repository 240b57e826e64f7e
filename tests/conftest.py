"""The local cloud for tests: an empty one, and one with the whole app in it. Each is made once a run, from nothing."""

import os
from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest
from hypothesis import settings
from xdist.remote import Producer

from tenantry.local.cloud import LocalCloud
from tenantry.local.settings import PORT_VARIABLE
from tests.missing import not_run
from tests.scheduling import SharedThings

os.environ["METRICS_NAMESPACE"] = "app"

# Each mocked AWS has a new session, and a new session would read the services' models again: most of such a test's time.
botocore.session.create_loader = cache(botocore.session.create_loader)

# An example may wait for a synthesis, or for other tests on the machine.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.hookimpl(optionalhook=True)  # so that `-p no:xdist` works
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedThings:
    """Let tests that share a cloud run in one process."""
    return SharedThings(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the run fail if tests did not run for want of a browser or of Flink."""
    if not_run(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for remedy, count in not_run(terminalreporter.config).items():
        terminalreporter.write_line(f"{count} tests did not run. {remedy}", red=True)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a running local cloud with nothing in it."""
    yield from _running(tmp_path_factory, "cloud")


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a running local cloud into which the CDK CLI has deployed every stack."""
    for started in _running(tmp_path_factory, "deployed"):
        started.deploy()
        yield started


def _running(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[LocalCloud]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PORT_VARIABLE, raising=False)  # the project's own cloud may have it
        started = LocalCloud(tmp_path_factory.mktemp(name))
        started.start()
        yield started
        started.stop()  # the folder stays, with its logs, for whoever looks into a failure
