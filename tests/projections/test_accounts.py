"""Accounts as rows, whose keys may be there or not."""

from collections.abc import Iterable
from itertools import chain, combinations

import pytest

from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.fact import Fact
from domain.user import user_stream
from projections.accounts import ACCOUNTS, AccountRow, Accounts
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.facts import History, day, fold, rows_of
from tests.support.memory_log import MemoryBus, MemoryLog
from tests.support.usecases import AT, COURSE, RUN, RUNS, Campus

PEOPLE = ("ann", "bob", "cid")
SUBSETS = list(chain.from_iterable(combinations(PEOPLE, size) for size in range(len(PEOPLE) + 1)))


def test_an_account_from_its_registration_to_its_end() -> None:
    """A row has what the facts have, sealed; after the end it has nothing personal, and still counts."""
    history = History().add("user-7", "user.registered", day(1), email="E", language="L", time_zone="Z")
    row = AccountRow("7", "pending", "E", None, "L", "Z", day(1))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.registration_repeated", day(1)).add("user-7", "user.email_verified", day(2))
    for field, text in (("display_name", "N"), ("language", "M"), ("time_zone", "Y")):
        history.add("user-7", "user.profile_changed", day(3), field=field, old=None, new=text)
    row = AccountRow("7", "active", "E", "N", "M", "Y", day(1), day(2))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.email_change_requested", day(3), email="F")
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.email_changed", day(3), old="E", new="F")
    row.email = "F"
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.suspended", day(3), reason="R")
    row.status = "suspended"
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.reinstated", day(3), reason="R")
    row.status = "active"
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.email_restored", day(3), changed=9, old="F", new="G")
    row.email = "G"
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.profile_changed", day(3), field="notification_address", old=None, new="A")
    for purpose, version in (("research", 1), ("contact_by_staff", 1), ("research", 2)):
        history.add("user-7", "user.consent_given", day(3), purpose=purpose, version=version)
    history.add("user-7", "user.consent_withdrawn", day(3), purpose="contact_by_staff", version=1)
    (row,) = rows_of(fold(Accounts, history), ACCOUNTS, AccountRow)
    assert (row.notification_address, row.consents) == ("A", {"research": 2})
    history.add("user-7", "user.erasure_requested", day(4)).add("user-7", "user.key_destroyed", day(4))
    row = AccountRow("7", "erased", registered_at=day(1), verified_at=day(2), erased_at=day(4))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]


def test_a_registration_that_has_lapsed_is_an_account_that_was_erased() -> None:
    """It counts, and has nothing personal."""
    history = History().add("user-7", "user.registered", day(1), email="E", language="L", time_zone="Z")
    history.add("user-7", "user.registration_lapsed", day(8)).add("user-7", "user.key_destroyed", day(8))
    row = AccountRow("7", "erased", registered_at=day(1), erased_at=day(8))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]


def test_an_invited_person_has_an_account_that_is_not_verified() -> None:
    """With the name that the staff have given, until the person gives another."""
    said = {"email": "E", "display_name": "N", "language": "L", "time_zone": "Z"}
    history = History().add("user-7", "user.invited", day(1), **said)
    row = AccountRow("7", "pending", "E", "N", "L", "Z", day(1))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]


def test_an_account_that_a_provider_has_opened_is_active_without_an_address() -> None:
    """Until the person has verified one."""
    said = {"issuer": "https://sign-in.example", "display_name": None, "language": "L", "time_zone": "Z"}
    history = History().add("user-7", "user.provisioned", day(1), **said)
    row = AccountRow("7", "active", None, None, "L", "Z", day(1))
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]
    history.add("user-7", "user.email_changed", day(2), old="", new="F")
    row.email = "F"
    assert rows_of(fold(Accounts, history), ACCOUNTS, AccountRow) == [row]


def name_of(person: str) -> str:
    """A name with a space, which stands in no sealed text by chance."""
    return f"{person.title()} Lovelace"


async def population() -> MemoryLog:
    """Three accounts, two of which learn, and one of which has asked to be erased."""
    log = MemoryLog()
    bus = MemoryBus(log)
    for command in (*COURSE, *RUNS):
        await bus.handle(command, Context("test", AT))
    for person in PEOPLE:
        for command in (
            RegisterAccount(person, f"{person}@example.org"),
            VerifyEmail(person),
            ChangeProfile(person, {"display_name": name_of(person)}),
            *([RequestEnrollment(person, RUN)] if person != "cid" else [RequestErasure(person)]),
        ):
            await bus.handle(command, Context(person, AT))
    return log


def folded(projection: Projection, facts: Iterable[Fact]) -> str:
    """All rows of a read model, as text."""
    history = History()
    history.facts = [*facts]
    return repr(sorted(fold(type(projection), history).items(), key=repr))


@pytest.mark.parametrize("destroyed", SUBSETS, ids=lambda subset: "+".join(subset) or "none")
async def test_every_read_model_folds_with_any_keys_missing(destroyed: tuple[str, ...]) -> None:
    """The rows are the same whatever keys there are; a name is gone with its key, and with no other."""
    log = await population()
    facts = await log.read(0, 1_000)
    before = [folded(projection, facts) for projection in PROJECTIONS]
    for person in destroyed:
        log.keys[person] = None
    facts = await log.read(0, 1_000)
    assert [folded(projection, facts) for projection in PROJECTIONS] == before
    assert all(name_of(person) not in text and f"{person}@" not in text for text in before for person in PEOPLE)
    history = History()
    history.facts = facts
    rows = rows_of(fold(Accounts, history), ACCOUNTS, AccountRow)
    campus = Campus(log)
    names = {
        row.learner_id: (await campus.personal_key(user_stream(row.learner_id))).open(row.display_name) for row in rows
    }
    assert names == {person: None if person in destroyed or person == "cid" else name_of(person) for person in PEOPLE}
