"""Rules of messages of the staff: undone until they leave, and brought to each page of learners once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import DomainError
from domain.notification import Addressees, BadMessage, MessageLeft, StaffMessage
from tests.support.given import fact, given

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SAYS: dict[str, Any] = {"language": "en", "titles": {"en": "Friday"}, "texts": {"en": "We meet."}}
PLANNED = fact(
    StaffMessage.Planned,
    run_id="algebra-1",
    addressees="on_run",
    cohort_id=None,
    send_at=AT,
    **SAYS,
)
UNDONE = fact(StaffMessage.Undone)


def plan(
    message: StaffMessage, addressees: Addressees = Addressees.ON_RUN, cohort_id: str | None = None, **more: Any
) -> None:
    message.plan("algebra-1", addressees, cohort_id, send_at=AT, **{**SAYS, **more})


def test_a_message_is_planned_once() -> None:
    """With words in its first language."""
    given(StaffMessage).when(plan).then(PLANNED)
    given(StaffMessage, PLANNED).when(plan).then()


@pytest.mark.parametrize(
    "more",
    [
        {"language": "de"},
        {"titles": {"en": ""}},
        {"texts": {"en": "We meet.", "de": "Wir treffen uns."}},
        {"addressees": Addressees.COHORT},
        {"cohort_id": "spring"},
    ],
)
def test_a_message_says_something_to_someone(more: dict[str, Any]) -> None:
    """Title and text in each of its languages; a cohort is named if it is to one, and else not."""
    given(StaffMessage).when(lambda it: plan(it, **more)).refused(BadMessage)


def test_a_message_is_undone_until_it_leaves() -> None:
    """Not from that moment on, whether or not anyone was reached; a second time changes nothing."""
    before = AT - timedelta(seconds=1)
    given(StaffMessage, PLANNED).when(lambda it: it.undo(before)).then(UNDONE)
    given(StaffMessage, PLANNED, UNDONE).when(lambda it: it.undo(AT)).then()
    given(StaffMessage, PLANNED).when(lambda it: it.undo(AT)).refused(MessageLeft, message_id="m1")
    page = fact(StaffMessage.Progressed, last="ann", done=1, finished=False)
    given(StaffMessage, PLANNED, page).when(lambda it: it.undo(before)).refused(MessageLeft, message_id="m1")


def test_a_page_is_the_next_one_or_none() -> None:
    """After an undo there is none, nor after the last."""
    first = fact(StaffMessage.Progressed, last="ann", done=1, finished=False)

    def ask(message: StaffMessage) -> None:
        assert (message.is_at(""), message.is_at("ann")) == (False, True)
        message.note_page("bob", done=1, finished=True)
        assert not message.is_at("bob")

    given(StaffMessage, PLANNED, first).when(ask).then(fact(StaffMessage.Progressed, last="bob", done=2, finished=True))

    def ask_undone(message: StaffMessage) -> None:
        assert not message.is_at("")

    given(StaffMessage, PLANNED, UNDONE).when(ask_undone).then()
    assert issubclass(MessageLeft, DomainError)
