"""
What the notifications of a person are about, from the facts that they tell: nothing of it is kept with them.

Titles come from the catalog as it is now. A fact that cannot be read, or that another one has taken the place of in a
log that was restored, leaves a notification without details.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.forum_titles import ThreadTitle, titles_of
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.activity import Titles, titles
from adapters.postgres.queries.inbox import InboxRow
from adapters.postgres.queries.reader import NotBuilt, Reader
from domain.fact import Fact
from domain.notification import REQUIRED, TEMPLATES, unnamed_cause
from domain.streams import id_or_none
from projections.engine.rows import Unreadable

INBOX = "/notifications"
PAGES = {
    "signed_in": "/account/sessions",
    "data_exported": "/account/sessions",
    "role_granted": "/",
    "access_ending": "/learn/orders",
}
EXTENDED = "entitlement.extended"
OF_GRADES = frozenset(("outcome_decided", "outcome_revised"))


class Cause(msgspec.Struct, kw_only=True):
    """The fact that it is about; *event_id* is null where another person has caused it, who is not named."""

    type: str
    position: int
    event_id: str | None
    happened_at: datetime


class About(msgspec.Struct, kw_only=True):
    """
    What a notification is about; null for what its cause does not name.

    Attributes:
        until: when an offer or a role ends, or work is due from now on.
        thread_title: what a thread is called; null where not all of its run may read that.
        ground: why a post is removed.
        message_titles: what a message of the staff is called, by language, first the one for all other readers.
    """

    run_id: str | None = None
    course_id: str | None = None
    course_title: str | None = None
    unit_id: str | None = None
    unit_title: str | None = None
    quiz_id: str | None = None
    attempt_no: int | None = None
    order_id: str | None = None
    credential_id: str | None = None
    role: str | None = None
    scope: str | None = None
    method: str | None = None
    outcome: str | None = None
    until: datetime | None = None
    thread_id: str | None = None
    thread_title: str | None = None
    post_no: int | None = None
    ground: str | None = None
    message_id: str | None = None
    message_titles: dict[str, str] | None = None


class ListedNotification(msgspec.Struct, kw_only=True):
    """
    A notification in the inbox of a person.

    Attributes:
        template: what it says; `template_version` of its words.
        kind: what a person switches as one; `required` says that it cannot be switched off.
        position: of the fact that planned it.
        page: of the campus, which shows what it is about.
        cause: the fact that it is about; null where the log has it no more.
    """

    notification_id: str
    template: str
    template_version: int
    kind: str
    required: bool
    planned_at: datetime
    position: int
    is_read: bool
    page: str
    cause: Cause | None
    about: About


AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
EXAMPLE = ListedNotification(
    notification_id="5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e",
    template="attempt_graded",
    template_version=1,
    kind="grades",
    required=False,
    planned_at=AT,
    position=1713,
    is_read=False,
    page="/learn/quizzes/algebra-2026-q1/attempts/1",
    cause=Cause(type="attempt.graded", position=1712, event_id="0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", happened_at=AT),
    about=About(
        run_id="algebra-2026",
        course_id="algebra",
        course_title="Algebra",
        unit_id="q1",
        unit_title="Equations",
        quiz_id="algebra-2026-q1",
        attempt_no=1,
    ),
)


async def listed(log: PostgresLog, reader: Reader, rows: Sequence[InboxRow]) -> list[ListedNotification]:
    """Notifications with what they are about, in the order of their rows."""
    found = await log.at(sorted({row.cause_position for row in rows})) if rows else []
    facts = [each for each in found if not isinstance(each, Unreadable)]
    causes = {name: each for each in facts for name in names_of(each)}
    abouts = {event_id: about_of(fact) for event_id, fact in causes.items()}
    threads = await _threads(log, reader, {each.thread_id for each in abouts.values() if each.thread_id})
    abouts = {event_id: _with_thread(about, threads) for event_id, about in abouts.items()}
    known = await _titles(reader, list(abouts.values()))
    return [_listed(row, causes.get(row.cause_event_id), abouts, known) for row in rows]


def names_of(fact: Fact) -> tuple[str, str]:
    """What stands for a fact in the notifications that it has caused: its id, or what leads to no one."""
    return fact.meta.event_id, unnamed_cause(fact.meta.event_id)


def about_of(fact: Fact) -> About:
    """What a fact is about, by the ids of its stream and by its own fields."""
    ids = {name: id_or_none(fact.stream_id, name) for name in ("run_id", "quiz_id", "order_id", "attempt_no")}
    data = fact.data
    payment = id_or_none(fact.stream_id, "payment_id")
    post_no = id_or_none(fact.stream_id, "post_no") or data.get("new_post_no")
    return About(
        run_id=ids["run_id"] or _text(data, "run_id"),
        unit_id=_text(data, "unit_id"),
        quiz_id=ids["quiz_id"],
        attempt_no=None if ids["attempt_no"] is None else int(ids["attempt_no"]),
        order_id=ids["order_id"] or (payment.rpartition(".")[0] or None if payment else None),
        credential_id=_text(data, "credential_id"),
        role=_text(data, "role"),
        scope=_text(data, "scope"),
        method=_text(data, "method"),
        outcome=_text(data, "outcome") or _text(data, "new"),
        until=_time(
            data, "until", "new_due", "due", "due_at", "access_until", *(("new",) if fact.type == EXTENDED else ())
        ),
        thread_id=id_or_none(fact.stream_id, "thread_id"),
        post_no=None if post_no is None else int(post_no),
        ground=_text(data, "ground"),
        message_id=id_or_none(fact.stream_id, "message_id"),
        message_titles=_titles_of_message(data),
    )


def page_of(template: str, about: About) -> str:
    """The page of the campus that shows what it is about."""
    if template in PAGES:
        return PAGES[template]
    if about.message_id is not None:
        return f"/messages/{about.message_id}"
    if about.order_id is not None:
        return f"/learn/orders/{about.order_id}"
    if about.credential_id is not None:
        return f"/certificates/{about.credential_id}"
    if about.quiz_id is not None and about.attempt_no is not None:
        return f"/learn/quizzes/{about.quiz_id}/attempts/{about.attempt_no}"
    return INBOX if about.run_id is None else _page_of_run(template, about)


def _page_of_run(template: str, about: About) -> str:
    if about.thread_id is not None:
        post = f"?post={about.post_no}" if about.post_no is not None else ""
        return f"/forum/{about.run_id}/{about.thread_id}{post}"
    return f"/learn/runs/{about.run_id}/grades" if template in OF_GRADES else f"/learn/runs/{about.run_id}"


def _listed(row: InboxRow, cause: Fact | None, abouts: Mapping[str, About], known: Titles | None) -> ListedNotification:
    kind = TEMPLATES[row.template].kind
    about = abouts.get(row.cause_event_id, About())
    return ListedNotification(
        notification_id=row.notification_id,
        template=row.template,
        template_version=row.template_version,
        kind=kind.value,
        required=kind in REQUIRED,
        planned_at=row.planned_at,
        position=row.position,
        is_read=row.is_read,
        page=page_of(row.template, about),
        cause=None if cause is None else _cause(cause, unnamed=TEMPLATES[row.template].unnamed),
        about=about if known is None else _with_titles(about, known),
    )


def _cause(fact: Fact, *, unnamed: bool) -> Cause:
    event_id = None if unnamed else fact.meta.event_id
    return Cause(type=fact.type, position=fact.position, event_id=event_id, happened_at=fact.occurred_at)


async def _threads(log: PostgresLog, reader: Reader, thread_ids: Collection[str]) -> dict[str, ThreadTitle]:
    """The threads that are named; none while the forum cannot be read."""
    try:
        return await titles_of(reader, log.keys, sorted(thread_ids))
    except (NotBuilt, Unavailable):
        return {}


def _with_thread(about: About, threads: Mapping[str, ThreadTitle]) -> About:
    found = threads.get(about.thread_id or "")
    if found is None:
        return about
    unit_id = about.unit_id or found.unit_id
    return msgspec.structs.replace(about, run_id=found.run_id, unit_id=unit_id, thread_title=found.title)


async def _titles(reader: Reader, abouts: Sequence[About]) -> Titles | None:
    """The titles of all that is named; None while the catalog cannot be read: it is shown without them."""
    runs, units = {each.run_id for each in abouts} - {None}, {each.unit_id for each in abouts} - {None}
    if not runs:
        return None
    try:
        return await titles(reader, sorted(filter(None, runs)), sorted(filter(None, units)))
    except (NotBuilt, Unavailable):
        return None


def _with_titles(about: About, known: Titles) -> About:
    if about.run_id not in known.courses:
        return about
    course_id, title = known.courses[about.run_id]
    unit_title = None if about.unit_id is None else known.units.get((about.run_id, about.unit_id))
    return msgspec.structs.replace(about, course_id=course_id, course_title=title, unit_title=unit_title)


def _titles_of_message(data: Mapping[str, Any]) -> dict[str, str] | None:
    titles, first = data.get("titles"), data.get("language", "")
    return {first: titles[first], **titles} if isinstance(titles, dict) and first in titles else None


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None


def _time(data: Mapping[str, Any], *names: str) -> datetime | None:
    return next((datetime.fromisoformat(data[name]) for name in names if isinstance(data.get(name), str)), None)
