"""How many mails leave: to a person within an hour, and from a campus within a minute."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.mail.handover import MINUTE, MOST_OF_PERSON
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.queue import NotYetDue
from adapters.settings import Settings
from commands.notification import NoteSent
from commands.notification.digests import GatherNotification
from tests.adapters.mail.test_digests import Campus
from tests.support.clock import SharedClock


async def opened(settings: Settings, **more: Any) -> Campus:
    """A campus whose clock is moved."""
    shared = SharedClock.of(settings.model_copy(update=more))
    return Campus(await PostgresLog.open(shared), shared)


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus without a limit of its own."""
    found = await opened(settings)
    yield found
    await found.log.close()


async def test_what_is_too_much_for_a_person_goes_into_a_digest(campus: Campus) -> None:
    """Required mails do not; after an hour, and for others, mails go out again."""
    name = await campus.settle()
    for _ in range(MOST_OF_PERSON):
        assert isinstance(await campus.send(await campus.planned(name, "outcome_decided")), NoteSent)
    found = await campus.gather(await campus.planned(name, "outcome_decided"))
    assert found.every == "day"
    assert found.windows[0].closes_at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "08:00"
    assert isinstance(await campus.send(await campus.planned(name)), NoteSent)
    other = await campus.settle()
    assert isinstance(await campus.send(await campus.planned(other, "outcome_decided")), NoteSent)
    campus.log.clock.move(timedelta(hours=1, seconds=1))
    assert isinstance(await campus.send(await campus.planned(name, "outcome_decided")), NoteSent)
    assert isinstance(await campus.send(await campus.planned(other, "outcome_decided")), NoteSent)


async def test_a_mail_that_is_sent_again_counts_once(campus: Campus) -> None:
    """What was handed over before is not put into a digest by its own attempts."""
    name = await campus.settle()
    planned = [await campus.planned(name, "outcome_decided") for _ in range(MOST_OF_PERSON)]
    for each in [*planned, *planned]:
        assert isinstance(await campus.send(each), NoteSent)
    assert isinstance(await campus.send(await campus.planned(name, "outcome_decided")), GatherNotification)


async def test_a_campus_hands_over_no_more_than_it_may(settings: Settings) -> None:
    """What is above waits for a minute or so, each for a time of its own, and is not lost."""
    campus = await opened(settings, mails_per_minute=3)
    try:
        planned = [await campus.planned(await campus.settle()) for _ in range(5)]
        for each in planned[:3]:
            assert isinstance(await campus.send(each), NoteSent)
        times = set()
        for each in planned[3:]:
            with pytest.raises(NotYetDue) as waits:
                await campus.send(each)
            now = campus.log.clock.on_machine(campus.log.clock.now())
            assert MINUTE / 3 < waits.value.at - now < MINUTE * 2
            times.add(waits.value.at)
        assert len(times) == 2
        campus.log.clock.move(MINUTE * 1.1)
        for each in planned[3:]:
            assert isinstance(await campus.send(each), NoteSent)
    finally:
        await campus.log.close()
