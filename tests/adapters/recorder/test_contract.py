"""The library's own test case for recorders, on our log: with UUIDs, with text ids, and with versions from 0."""

from uuid import uuid4

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from adapters.postgres.ops.migrate import migrate
from adapters.recorder import LogRecorder
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
        return f"order-{uuid4()}"


class TestFromZero(TestWithUuids):
    """Streams that begin at version 0."""

    INITIAL_VERSION = 0
