"""Replays: all patches together lead to the documents as of then."""

from itertools import pairwise
from random import Random
from typing import Any

import msgspec

from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.replay import Source, begun_at, of_learner, of_run, replay_of
from adapters.settings import Settings
from domain.streams import learner_of
from projections.engine.moment import Moment
from projections.engine.projection import RowKey
from projections.engine.steps import patched
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.shop import keep_busy
from tests.support.usecases import RUN, Campus
from workers.seeding import seed


def played(sources: list[Source], since: int | None = None) -> tuple[dict[RowKey, Any], list[int]]:
    """The documents to which all patches lead, and the positions of the steps."""
    before, rest = begun_at(replay_of(sources), since)
    documents = {change.row: patched(None, change.patch) for change in before}
    positions = []
    for step in rest:
        positions.append(step.fact.position)
        for change in step.changes:
            documents[change.row] = patched(documents.get(change.row), change.patch)
    return documents, positions


async def folded(folders: dict[str, KeyFolder], learner: str, moment: Moment) -> dict[RowKey, Any]:
    """The learner's documents as of a moment."""
    found = {}
    for folder in folders.values():
        if folder.own_tables:
            for key, row in (await folder.rows(learner, moment)).rows.items():
                if key.table in folder.own_tables:
                    found[key] = msgspec.json.decode(msgspec.json.encode(row))
    return found


async def test_all_patches_lead_to_the_documents_as_of_then(settings: Settings) -> None:
    """For each learner, between any two positions, known or happened by then; each position once, in order."""
    await seed(settings, 3)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        folders = {projection.name: KeyFolder(log.link, projection) for projection in PROJECTIONS}
        choice = Random(7)
        learners = sorted({found for fact in facts if (found := learner_of(fact.stream_id, fact.data))})
        seen: set[str] = set()
        for learner in [*learners[:8], "ann", "bob"]:
            own = [fact for fact in facts if learner_of(fact.stream_id, fact.data) == learner]
            for _ in range(3):
                last = choice.choice(own)
                valid_at = choice.choice([None, last.occurred_at])
                moment = Moment(choice.choice(own).position if valid_at is None else len(facts), last.recorded_at)
                moment = moment._replace(valid_at=valid_at)
                since = choice.choice([None, 0, choice.choice(own).position])
                documents, positions = played(await of_learner(folders, learner, moment), since)
                assert documents == await folded(folders, learner, moment)
                assert all(one < other for one, other in pairwise(positions))
                assert all((since or 0) < position <= moment.position for position in positions)
                seen |= {row.table.name for row in documents}
        assert {"learner_dashboard", "gradebook", "course_enrollments", "orders", "payments"} <= seen


async def test_the_documents_of_an_order_and_of_a_run(settings: Settings) -> None:
    """An order's are those that name it and no other; a run's are those of the catalog."""
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        head = await log.head()
        moment = Moment(head, (await log.at([head]))[0].recorded_at)
        folders = {projection.name: KeyFolder(log.link, projection) for projection in PROJECTIONS}
        documents, positions = played(await of_learner(folders, "ann", moment, "o1"))
        assert {"orders", "payments", "ledger_orders"} <= {row.table.name for row in documents}
        assert {document["order_id"] for document in documents.values()} == {"o1"}
        placed = next(fact for fact in await log.history("ann") if fact.type == "order.placed")
        assert positions[0] <= placed.position
        of_the_run, _ = played(await of_run(folders, RUN, moment))
        meant = await folders["catalog"].keys_of_run(RUN, moment)  # without other runs of the course
        rows = (await folders["catalog"].rows_of_run(RUN, moment)).rows
        of_run_alone = {key: row for key, row in rows.items() if key in meant}
        assert of_the_run == {key: msgspec.json.decode(msgspec.json.encode(row)) for key, row in of_run_alone.items()}
        assert {row.table.name for row in of_the_run} >= {"catalog_runs", "catalog_courses"}
