"""Use cases of accounts, with keys in memory and in PostgreSQL."""

from commands.user import (
    ChangeEmail,
    ChangeProfile,
    LapseRegistration,
    NoteKeyDestroyed,
    RegisterAccount,
    RequestEmailChange,
    RequestErasure,
    RestoreEmail,
    VerifyEmail,
)
from domain.erasures import ErasureGround
from domain.user import User
from tests.support.given import fact
from tests.support.usecases import Campus

REGISTER = RegisterAccount("ann", "ann@example.org", "en", "Europe/London")


async def opened_texts(campus: Campus) -> dict[str, str | None]:
    """What the facts of the account say to who has the key, by type and field."""
    key = await campus.personal_key("user-ann")
    return {
        f"{fact.type} {field}": key.open(text)
        for fact in await campus.log.stream("user-ann")
        for field, text in fact.data.items()
        if text is not None and field != "field"
    }


async def test_a_person_registers_verifies_and_changes_the_profile(empty: Campus) -> None:
    """What is stored is sealed; with the key it is what was said."""
    types = [fact.type for fact in await empty.facts(REGISTER)]
    types += [fact.type for fact in await empty.facts(VerifyEmail("ann"))]
    types += [fact.type for fact in await empty.facts(ChangeProfile("ann", {"display_name": "Ann Öre"}))]
    assert types == ["user.registered", "user.email_verified", "user.profile_changed"]
    assert await empty.repeats(VerifyEmail("ann"))
    assert await empty.repeats(ChangeProfile("ann", {"display_name": "Ann Öre", "language": "en"}))
    assert await opened_texts(empty) == {
        "user.registered email": "ann@example.org",
        "user.registered language": "en",
        "user.registered time_zone": "Europe/London",
        "user.profile_changed new": "Ann Öre",
    }
    stored = str([fact.data for fact in await empty.log.stream("user-ann")])
    assert "ann@" not in stored
    assert "Öre" not in stored


async def test_what_is_erased_stays_erased(empty: Campus) -> None:
    """The account ends with the request; when the key is destroyed, its facts say nothing, and none can follow."""
    await empty.give(REGISTER, VerifyEmail("ann"), RequestErasure("ann"))
    assert await empty.repeats(RequestErasure("ann"))
    assert await empty.refused(ChangeProfile("ann", {"display_name": "Ann"})) == "person_erased"
    await empty.destroy_key("ann")
    await empty.give(NoteKeyDestroyed("ann"))
    assert await empty.repeats(NoteKeyDestroyed("ann"))
    assert set((await opened_texts(empty)).values()) == {None}
    assert await empty.refused(REGISTER) == "person_erased"


async def test_who_was_imported_is_erased_as_others_are(empty: Campus) -> None:
    """Without an account, for a reason that stays; words about that person are not kept any more."""
    assert await empty.refused(RequestErasure("28400", ErasureGround.ASKED)) == "account_not_found"
    command = RequestErasure("28400", ErasureGround.ASKED, is_known=True)
    assert await empty.new(command) == [("user-28400", fact(User.ErasureRequested, ground="asked"))]
    assert await empty.repeats(command)
    await empty.destroy_key("28400")
    assert await empty.new(NoteKeyDestroyed("28400")) == [("user-28400", fact(User.KeyDestroyed))]
    assert await empty.refused(RegisterAccount("28400", "ann@example.org")) == "person_erased"


async def test_a_command_says_nothing_personal_about_itself(empty: Campus) -> None:
    """Its text stands in logs and in the names of failed reactions."""
    text = repr((REGISTER, ChangeProfile("ann", {"display_name": "Ann Öre"})))
    assert "example" not in text
    assert "Öre" not in text


async def test_an_address_is_changed_and_taken_back(empty: Campus) -> None:
    """What is stored is sealed; with the key it is what was said."""
    await empty.give(REGISTER, VerifyEmail("ann"), RequestEmailChange("ann", "eve@example.net"), ChangeEmail("ann", 3))
    assert await empty.refused(ChangeEmail("ann", 3)) == "link_refused"
    await empty.give(RestoreEmail("ann", 4))
    assert await empty.refused(RestoreEmail("ann", 4)) == "link_refused"
    facts, key = await empty.log.stream("user-ann"), await empty.personal_key("user-ann")
    opened = [
        [fact.type, *(key.open(fact.data[name]) for name in ("email", "old", "new") if name in fact.data)]
        for fact in facts
    ]
    assert opened[2:] == [
        ["user.email_change_requested", "eve@example.net"],
        ["user.email_changed", "ann@example.org", "eve@example.net"],
        ["user.email_restored", "eve@example.net", "ann@example.org"],
    ]
    assert "example" not in str([fact.data for fact in facts])


async def test_a_registration_lapses(empty: Campus) -> None:
    """Once, and not if it was completed."""
    await empty.give(REGISTER, LapseRegistration("ann", 1))
    assert await empty.repeats(LapseRegistration("ann", 1))
    assert (await empty.log.stream("user-ann"))[-1].type == "user.registration_lapsed"
    await empty.give(RegisterAccount("bob", "bob@example.org"), VerifyEmail("bob"))
    assert await empty.repeats(LapseRegistration("bob", 1))
