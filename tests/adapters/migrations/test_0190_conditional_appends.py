"""0190_conditional_appends.sql on a log that has been written for long, by a process that goes on meanwhile."""

import uuid
from unittest import mock

import psycopg
import pytest

from adapters.postgres.connection import options
from adapters.postgres.log.append import APPEND, Append, Overtaken, arguments
from adapters.postgres.log.condition import Condition
from adapters.postgres.ops import migrate as module
from adapters.postgres.ops.migrate import all_migrations, migrate
from adapters.settings import Settings
from domain.tags import QueryItem
from tests.support.appends import new_event, opened, unit
from tests.support.servers import Servers

NUMBER = 190
OF_ANN = (QueryItem(tags=("learner:ann", "run:algebra")),)


@pytest.fixture
def before(servers: Servers) -> Settings:
    """A campus that has only the migrations before this one."""
    settings = servers.settings(f"t{uuid.uuid4().hex[:12]}")
    others = [each for each in all_migrations() if each.number < NUMBER]
    # Code as old as that gave processes no rights of their own.
    with mock.patch.object(module, "all_migrations", return_value=others), mock.patch.object(module, "grant"):
        migrate(settings)
    return settings


async def test_old_facts_have_tags_and_old_processes_go_on(before: Settings) -> None:
    """What was stored before is found by its tags and overtakes; code of before appends on its prepared statement."""
    old = psycopg.connect(before.postgres_url, autocommit=True, options=options(before.schema_name))

    def append(stream: str, version: int) -> None:
        batch = arguments([Append([new_event(stream, version)])])
        assert old.execute(APPEND.encode(), batch, prepare=True, binary=True).fetchall()[0][0] == "appended"

    append("progress-ann:algebra", 1)
    append("progress-ann:botany", 1)
    migrate(before)
    append("progress-ann:algebra", 2)
    async with opened(before) as log:
        found, head = await log.matching(OF_ANN)
        assert [(fact.position, head) for fact in found] == [(1, 3), (3, 3)]
        with pytest.raises(Overtaken) as overtaken:
            await log.append(unit("enrollment-ann:algebra", conditions=[Condition(OF_ANN, 1)]))
        assert overtaken.value.position == 3
        assert (await log.append(unit("enrollment-ann:algebra", conditions=[Condition(OF_ANN, 3)]))).last == 4
    old.close()
