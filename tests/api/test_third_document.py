"""A read model in Valkey that nothing in api/ or adapters/ knows by name: it is served once it is registered."""

import json
from collections.abc import Iterable, Mapping
from typing import ClassVar

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.documents import NotServable, served_documents
from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.keys import POSITION, hash_key
from api.app import build
from domain.fact import Fact
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from projections.registry import PROJECTIONS
from tests.support.api import Campus, Listener, every_read_model, served, workers
from tests.support.servers import Servers


class Letters(msgspec.Struct):
    """What a learner was written; `position` is that of the last letter."""

    learner_id: str
    position: int = 0
    letters: list[str] = []


class RunTitle(msgspec.Struct):
    """To which course a run belongs."""

    run_id: str
    course_id: str = ""


LETTERS = Table("letters", Letters, ("learner_id",))
TITLES = Table("letter_runs", RunTitle, ("run_id",), distribution="replicated")
_place, _run = named_ids("learner_id", "run_id"), named_id("run_id")


def _needs_letter(fact: Fact) -> Iterable[RowKey]:
    learner_id, run_id = _place(fact.stream_id)
    return RowKey(LETTERS, (learner_id,)), RowKey(TITLES, (run_id,))


def _write(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    run = rows.read(TITLES, RunTitle, run_id)
    letters = rows.edit(LETTERS, Letters, learner_id)
    letters.position = fact.position
    letters.letters.append(f"{fact.type} {run.course_id if run else '?'}")


def _schedule(fact: Fact, rows: Rows) -> None:
    rows.edit(TITLES, RunTitle, _run(fact.stream_id)).course_id = fact.data["course_id"]


class LettersSent(Projection):
    """Letters, one document per learner."""

    name = "letters"
    version = 1
    store = "valkey"
    segments = SEGMENTS
    tables = (LETTERS, TITLES)
    audience = "learner"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "run.scheduled": Handler(lambda fact: (RowKey(TITLES, (_run(fact.stream_id),)),), _schedule, writes=(TITLES,)),
        "enrollment.requested": Handler(_needs_letter, _write, writes=(LETTERS,)),
        "enrollment.withdrawn": Handler(_needs_letter, _write, writes=(LETTERS,)),
    }


REGISTERED = (*PROJECTIONS, LettersSent())


@pytest.mark.servers
async def test_a_third_read_model_in_valkey_is_served(own_servers: Servers, own_settings: Settings) -> None:
    """In readiness, metrics and events, and out of the log with the same bytes while Valkey is away."""
    app = build(own_settings, REGISTERED)
    async with served(app) as client:
        with workers(own_settings, REGISTERED):
            await every_read_model(client, REGISTERED)
            campus, sent = Campus(client), app.state.services.documents["letters"]
            await campus.open_run()
            async with Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as listener:
                await campus.enroll()
                position = await _event_of(listener, "letters", campus.learner)
        kept = await sent.get(campus.learner)
        letters = msgspec.json.decode(kept.body, type=Letters)
        assert letters.letters == [f"enrollment.requested {campus.course}"]
        assert 0 < letters.position <= position <= kept.position

        await _set_checkpoint(own_settings, 3)
        assert await _positions(client) == (3, 3)

        await own_servers.kill("valkey")
        folded = await sent.get(campus.learner)
        assert (folded.body, folded.position >= position) == (kept.body, True)
        blank = await sent.get("unknown")
        assert msgspec.json.decode(blank.body) == {
            "learner_id": "unknown",
            "position": 0,
            "letters": [],
        }


async def _event_of(listener: Listener, projection: str, key: str) -> int:
    """The position in the first event of a read model."""
    while True:
        data = json.loads((await listener.event())["data"])
        if data["projection"] == projection:
            assert data["key"] == key
            return int(data["position"])


async def _set_checkpoint(settings: Settings, position: int) -> None:
    """Put one segment of the letters back, which no other read model has as its checkpoint."""
    async with connect_valkey(settings) as valkey:
        await valkey.hset(hash_key(settings, "letters", 1, 0, "letters"), POSITION, str(position))


async def _positions(client: httpx.AsyncClient) -> tuple[int, float]:
    """Where the letters are, according to readiness and to the metrics."""
    state = (await client.get("/readyz")).json()
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    samples = [sample for family in families for sample in family.samples]
    (position,) = [entry["position"] for entry in state["projections"] if entry["name"] == "letters"]
    (measured,) = [
        sample.value
        for sample in samples
        if sample.name == "campus_read_model_position" and sample.labels["projection"] == "letters"
    ]
    return position, measured


class TwoKeys(Projection):
    """Letters whose documents need two values to be found."""

    name = "letters"
    version = 1
    store = "valkey"
    tables = (Table("letters", Letters, ("learner_id", "position")),)
    handlers: ClassVar[Mapping[str, Handler]] = {}


async def test_documents_without_one_key_are_refused(settings: Settings) -> None:
    """When the API is put together, with the table that is in the way."""
    log = await PostgresLog.open(settings)
    async with connect_valkey(settings) as valkey:
        with pytest.raises(NotServable, match="read model letters: its first table, letters, needs a key of one field"):
            served_documents(valkey, settings, log, [KeyFolder(log.link, TwoKeys())])
    await log.close()
