"""Words about a person, for those who may read a fact; and a campus that has no keys."""

import pytest

from adapters.command_bus.bus import Bus
from adapters.personal.key_service import KeyLost, LocalKeys
from adapters.personal.keys import PersonKeys
from adapters.personal.opening import with_words
from adapters.postgres.log.append import Append
from adapters.settings import Settings
from commands.admin import ViewRecord
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, VerifyEmail
from domain.admin import Look
from domain.user import user_stream
from tests.support.appends import new_event, opened
from tests.support.given import AT

RECORD = "record-ann:2026-03-02T09"


async def test_words_are_opened_and_names_are_not(settings: Settings) -> None:
    """Unless it is the person who asks. Without the key both say that they are erased."""
    async with opened(settings) as log:
        bus, context = Bus(log), Context("auditor", AT)
        for command in (
            RegisterAccount("ann", "ann@example.org"),
            VerifyEmail("ann"),
            ChangeProfile("ann", {"display_name": "Ann"}),
            ViewRecord("ann", Look(what="/v1/x", reason="Ann has called")),
        ):
            await bus.handle(command, context)
        (look,) = await log.stream(RECORD)
        named = (await log.stream(user_stream("ann")))[-1]
        for_others = await with_words(log.keys, [named, look])
        assert [each.data.get("reason") for each in for_others] == [None, "Ann has called"]
        assert for_others[0] == named
        (own,) = await with_words(log.keys, [named], personal=True)
        assert own.data == {"field": "display_name", "old": None, "new": "Ann"}
        await log.keys.destroy("ann")
        (own, gone) = await with_words(log.keys, [named, look], personal=True)
        assert (own.data["new"], gone.data["reason"]) == ("erased", "erased")


async def test_what_the_staff_tell_each_other_is_in_the_export_only(settings: Settings) -> None:
    """The person is shown that there is a note, and not what it says."""
    async with opened(settings) as log:
        noted = b'{"note_no": 1, "words": "Was asked twice."}'
        await log.append(Append([new_event("conduct-ann:algebra", 1, type="conduct.noted", data=noted)]))
        (fact,) = await log.stream("conduct-ann:algebra")
        shown = [
            (each.data["note_no"], each.data["words"])
            for (each,) in (
                await with_words(log.keys, [fact]),
                await with_words(log.keys, [fact], personal=True),
                await with_words(log.keys, [fact], personal=True, whole=True),
            )
        ]
        assert shown == [(1, "Was asked twice."), (1, ""), (1, "Was asked twice.")]


async def test_words_of_before_are_shown_as_they_are(settings: Settings) -> None:
    """They were recorded in clear, and need no key."""
    async with opened(settings) as log:
        old = new_event("enrollment-ann:r", 1, type="enrollment.withdrawn", data=b'{"reason": "moved"}')
        await log.append(Append([old]))
        facts = await log.stream("enrollment-ann:r")
        assert await with_words(log.keys, facts) == facts


async def test_without_any_master_key_words_stay_as_they_are(settings: Settings) -> None:
    """Such a campus has no accounts; a process that lacks the key of the others records nothing in clear."""
    bare, look = settings.model_copy(update={"master_keys": ""}), Look(what="/v1/x", reason="Ann has called")
    async with opened(bare) as log:
        await Bus(log).handle(ViewRecord("ann", look), Context("auditor", AT))
        (stored,) = await log.stream(RECORD)
        assert stored.data["reason"] == look.reason
    async with opened(settings) as log:
        await log.keys.writing("user-bob")
        lacking = PersonKeys(log.link, LocalKeys([]))
        for stream in ("user-bob", "user-zoe"):
            with pytest.raises(KeyLost):
                await lacking.of_words(stream)
