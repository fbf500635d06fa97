"""The library's own test case for recorders, on our log: with UUIDs, with text ids, and with versions from 0."""

from uuid import uuid4

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from adapters.postgres.ops.migrate import migrate
from adapters.recorder import LogRecorder
from adapters.recorder.dcb import LogDcbRecorder
from adapters.recorder.factory import open_pool
from tests.support.servers import Servers


class TestWithUuids(ApplicationRecorderTestCase[LogRecorder]):
    """Ids that are UUIDs, as in the library's own recorders by default; a fresh campus for each test."""

    servers: Servers
    uuids = True

    @pytest.fixture(autouse=True)
    def _given_servers(self, servers: Servers) -> None:
        self.servers = servers

    def create_recorder(self) -> LogRecorder:
        settings = self.servers.settings(f"t{uuid4().hex[:12]}")
        migrate(settings)
        pool = open_pool(settings)
        self.addCleanup(pool.close)
        return LogRecorder(pool, uuids=self.uuids)

    def test_insert_subscribe(self) -> None:
        """A subscription gives what was recorded, waits for what will be, and stops on `stop()`."""
        self.optional_test_insert_subscribe()


class TestWithText(TestWithUuids):
    """Ids that are text."""

    uuids = False

    def new_originator_id(self) -> str:
        return f"dossier-{uuid4()}"


class TestFromZero(TestWithUuids):
    """Streams that begin at version 0."""

    INITIAL_VERSION = 0


class TestTags(DCBRecorderTestCase):
    """Events with tags, under conditions; the facts of the log before them change nothing."""

    servers: Servers

    @pytest.fixture(autouse=True)
    def _given_servers(self, servers: Servers) -> None:
        self.servers = servers

    def recorder(self) -> LogDcbRecorder:
        settings = self.servers.settings(f"t{uuid4().hex[:12]}")
        migrate(settings)
        pool = open_pool(settings)
        self.addCleanup(pool.close)
        return LogDcbRecorder(pool)

    def test_append_read(self) -> None:
        """The order of the log, queries by type and tag, limits, and every sort of condition."""
        self._test_append_read(self.recorder())

    def test_append_subscribe(self) -> None:
        """A subscription gives what was recorded, and waits for what will be."""
        self._test_append_subscribe(self.recorder())
