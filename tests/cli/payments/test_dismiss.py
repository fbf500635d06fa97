"""`campus payments dismiss`: nothing is to follow from a message of the provider."""

import asyncio

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.log import Context
from commands.payment.books import MatchProviderEvent, RecordProviderEvent
from tests.support.campus_up import campus
from tests.support.messages import message
from tests.support.projections_command import variables

pytestmark = pytest.mark.processes


async def dismiss(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Exit code, answer and remarks."""
    done = await asyncio.to_thread(campus, "payments", "dismiss", *arguments, env=variables(settings))
    return done.returncode, done.stdout, " ".join(done.stderr.split())


async def test_a_message_is_dismissed_with_a_reason(settings: Settings) -> None:
    """Once, as a fact with who has said so; what was understood, or has never come, is named."""
    log = await PostgresLog.open(settings)
    for command in (
        RecordProviderEvent("evt_1", message()),
        MatchProviderEvent("evt_1", None, "it is about nothing of this campus"),
        RecordProviderEvent("evt_2", message()),
        MatchProviderEvent("evt_2", "payment-ann:o1.1"),
    ):
        await Bus(log).handle(command, Context("test"))
    for _ in range(2):
        assert await dismiss(settings, "evt_1", "--reason", " a test ") == (0, "", "nothing is to follow from evt_1")
    facts = [each for each in await log.stream("provider-evt_1") if each.type == "provider.event_dismissed"]
    assert [(each.data, each.meta.source) for each in facts] == [({"reason": "a test"}, "cli")]
    assert facts[0].meta.correlation_id
    code, _, why = await dismiss(settings, "evt_2", "--reason", "a test")
    assert (code, "evt_2 was understood: it is about payment-ann:o1.1" in why) == (1, True)
    code, _, why = await dismiss(settings, "evt_9", "--reason", "a test")
    assert (code, "there is no message evt_9 of the provider" in why) == (1, True)
    code, _, why = await dismiss(settings, "evt_1", "--reason", "  ")
    assert (code, "say why nothing is to follow from it" in why) == (2, True)
    await log.close()
