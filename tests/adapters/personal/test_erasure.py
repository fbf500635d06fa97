"""Erasure with all its processes: the key goes, the facts stay, and every read model folds."""

import pytest

from adapters.postgres.connection import connect
from adapters.postgres.store.parking import parked_of
from adapters.settings import Settings
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.user import user_stream
from projections.registry import PROJECTIONS
from tests.support.appends import query
from tests.support.dispatchers import campus_with_one_seat
from tests.support.polling import until
from tests.support.workers import assert_true_to_the_log, projecting

PEOPLE = ("ann", "ben", "cid")


@pytest.mark.parametrize("lost", [(), ("ben",), ("ben", "cid")], ids=lambda lost: "+".join(lost) or "none")
async def test_a_person_is_erased_and_figures_stay(settings: Settings, lost: tuple[str, ...]) -> None:
    """The dispatcher destroys the key; with it or others gone, live rows and a fold of the log are the same."""
    async with campus_with_one_seat(settings) as campus, campus.dispatching(), projecting(settings, PROJECTIONS):
        for person in PEOPLE:
            await campus.do(
                RegisterAccount(person, f"{person}@example.org"),
                VerifyEmail(person),
                ChangeProfile(person, {"display_name": person.title()}),
            )
        for person in lost:
            await campus.log.keys.destroy(person)  # by a restore of some other table, say
        await campus.do(RequestErasure("ann"))

        async def is_gone() -> bool:
            return (await campus.log.stream("user-ann"))[-1].type == "user.key_destroyed"

        await until(is_gone)
        await assert_true_to_the_log(settings, await campus.log.head(), PROJECTIONS)
        async with await connect(settings, application="test") as connection:
            assert await parked_of(connection, [each.name for each in PROJECTIONS]) == []
        rows = await query(settings, "SELECT learner_id, status, display_name FROM accounts ORDER BY learner_id")
        keys = {person: await campus.log.keys.reading(user_stream(person)) for person in PEOPLE}
        shown = [(person, status, keys[person].open(name)) for person, status, name in rows]
        assert shown == [
            ("ann", "erased", None),
            *((person, "active", None if person in lost else person.title()) for person in PEOPLE[1:]),
        ]
        sealed = (await campus.log.stream("user-ann"))[0].data["email"]
        assert sealed.startswith("s1.1.email."), "the fact stays as it was"
        assert (await campus.log.keys.reading("user-ann")).open(sealed) is None
        assert await query(settings, "SELECT count(*) FROM derived_jobs WHERE key LIKE '%:destroy_key'") in (
            [(0,)],
            [(1,)],
        )
