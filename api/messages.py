"""Messages of the staff to learners of a run: to whom they would go, planned, undone, and what has become of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.message_audience import Audiences
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.message_audience import Receipt, receipts
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import ID, NO_NUL, Id, Limit, RunId
from commands.notification.messages import PlanMessage, UndoMessage
from domain.fact import Fact
from domain.notification import (
    Addressees,
    Channel,
    MessageNotFound,
    Notification,
    StaffMessage,
    dedupe_key,
    message_stream,
    notification_id,
    notification_stream,
)
from domain.notification.message import LONGEST_MESSAGE_TEXT, LONGEST_MESSAGE_TITLE
from domain.tags import QueryItem, tag
from domain.words import closed
from projections.deliveries import Deliveries

router = strict_router("notification", "/v1")
AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
MESSAGE = "0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1"
FIRST = 50  # learners that a preview names
MessageId = Annotated[str, Path(pattern=ID, max_length=64, description="The message.", examples=[MESSAGE])]
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


class MessageText(Body):
    """What a message says in one language; the text is Markdown."""

    model_config = example(language="en", title="Friday", text="We meet at **nine**.")

    language: Language
    title: Annotated[str, Field(min_length=1, max_length=LONGEST_MESSAGE_TITLE, pattern=NO_NUL)]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_MESSAGE_TEXT, pattern=NO_NUL)]


class NewMessage(Body):
    """
    A message to learners of a run, and after how many minutes it leaves.

    The first language is that of readers for whose language there are no words.
    """

    model_config = example(
        addressees="not_started",
        says=[{"language": "en", "title": "Friday", "text": "We meet at **nine**."}],
        wait_minutes=10,
    )

    addressees: Annotated[Addressees, Field(strict=False)]
    cohort_id: Id | None = None
    says: Annotated[list[MessageText], Field(min_length=1, max_length=10)]
    wait_minutes: Annotated[int, Field(ge=1, le=43_200)] = 10


class PlannedMessage(Accepted):
    """The id of the message."""

    model_config = example(position=1713, message_id=MESSAGE)

    message_id: str


class MessageAudience(msgspec.Struct, kw_only=True):
    """
    To whom a message would go now; who is among the addressees when it leaves gets it.

    Attributes:
        reachable: how many have an account in use: the others get nothing.
        first: the first of them, by id.
    """

    learners: int
    reachable: int
    first: list[str]


class MessageWords(msgspec.Struct, kw_only=True):
    """What a message says in one language."""

    language: str
    title: str
    text: str


class ShownMessage(msgspec.Struct, kw_only=True):
    """
    A message of the staff.

    Attributes:
        state: `planned` until it leaves, `undone`, `leaving` until all were reached, `sent`.
        learners: how many were reached so far.
    """

    message_id: str
    run_id: str
    addressees: Annotated[str, closed(Addressees)]
    cohort_id: str | None
    says: list[MessageWords]
    planned_by: str
    planned_at: datetime
    send_at: datetime
    state: str
    learners: int


class MessageList(msgspec.Struct, kw_only=True):
    """The messages to learners of a run, the latest first."""

    items: list[ShownMessage]


class ReceivedMessage(msgspec.Struct, kw_only=True):
    """A message that the user was notified of."""

    message_id: str
    run_id: str
    says: list[MessageWords]
    sent_at: datetime


class ReceiptPage(msgspec.Struct, kw_only=True):
    """What has become of a message for each learner; whether it was opened is not tracked."""

    items: list[Receipt]
    next: str | None


WORDS = MessageWords(language="en", title="Friday", text="We meet at **nine**.")
EXAMPLE = ShownMessage(
    message_id=MESSAGE,
    run_id="algebra-2026",
    addressees="cohort",
    cohort_id="spring",
    says=[WORDS],
    planned_by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    planned_at=AT,
    send_at=AT + timedelta(minutes=10),
    state="sent",
    learners=40,
)
RECEIPT = Receipt(learner_id="28400", page="planned", mail="suppressed:muted")


@router.get("/runs/{run_id}/messages", responses=query(MessageList(items=[EXAMPLE]), 403, 404))
async def list_messages(run_id: RunId, ask: QueryDep) -> Response:
    """The messages to learners of a run, the latest first."""
    log = ask.services.log
    await ask.check_run(run_id)
    position = await log.head()
    planned, _ = await log.matching((QueryItem(("staff_message.planned",), (tag("run", run_id),)),))
    items = await asyncio.gather(*(_shown(log, fact) for fact in reversed(planned)))  # in one statement
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(MessageList(items=list(items))), position)


@router.get(
    "/runs/{run_id}/messages/audience",
    responses=query(MessageAudience(learners=40, reachable=38, first=["28400"]), 403, 404),
)
async def get_message_audience(
    run_id: RunId,
    ask: QueryDep,
    addressees: Annotated[Addressees, Query(description="To which learners.")] = Addressees.ON_RUN,
    cohort_id: Annotated[Id | None, Query(description="The cohort, for the addressees of that name.")] = None,
) -> Response:
    """To whom a message would go now, counted, with the first of them."""
    services = ask.services
    audiences = Audiences(services.reader, services.at_risk, services.log)
    await ask.check_run(run_id)
    found = await ask.read_at_least("course_dashboard", lambda: audiences.of(run_id, addressees, cohort_id, FIRST))
    answer = MessageAudience(learners=found.learners, reachable=found.reachable, first=found.first)
    return ask.reply(msgspec.json.encode(answer), found.position)


@router.post("/runs/{run_id}/messages", status_code=202, response_model=PlannedMessage, responses=command(403, 404))
async def plan_message(run_id: RunId, body: NewMessage, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Have a message leave after a while; until then it can be undone."""
    position = await dispatch.position(
        PlanMessage(
            uuid4().hex,
            run_id,
            body.addressees,
            body.says[0].language,
            {each.language: each.title for each in body.says},
            {each.language: each.text for each in body.says},
            body.cohort_id,
            timedelta(minutes=body.wait_minutes),
        )
    )
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = {"position": position, "message_id": fact.id("message_id")}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post(
    "/runs/{run_id}/messages/{message_id}/undo",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def undo_message(run_id: RunId, message_id: MessageId, dispatch: Dispatch) -> Response:
    """Have a message not leave, as long as it has not."""
    return await dispatch(UndoMessage(run_id, message_id))


@router.get(
    "/runs/{run_id}/messages/{message_id}/receipts",
    responses=query(ReceiptPage(items=[RECEIPT], next=paging.NEXT), 403, 404),
)
async def list_receipts(
    *,
    request: Request,
    run_id: RunId,
    message_id: MessageId,
    ask: QueryDep,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What has become of a message for each learner of the run; whether it was opened is not tracked."""
    reader, listing = ask.services.reader, f"receipts:{message_id}"
    (after,) = paging.after(listing, cursor, [str]) or [""]
    message = await replayed(ask.services.log, StaffMessage, message_stream(message_id))
    message.must_be_of(run_id)
    ids = await _notifications(ask.services.log, message_id)
    page = await ask.read_at_least(Deliveries.name, lambda: receipts(reader, run_id, ids, after, limit + 1))
    return paging.reply(request, ask, page, listing, limit)


@router.get(
    "/me/messages/{message_id}",
    responses=query(ReceivedMessage(message_id=MESSAGE, run_id="algebra-2026", says=[WORDS], sent_at=AT), 404),
)
async def get_my_message(message_id: MessageId, ask: QueryDep) -> Response:
    """A message of the staff that the user was notified of."""
    log = ask.services.log
    position = await log.head()
    ids = await _notifications(log, message_id)
    streams = [notification_stream(ask.user.subject, each) for each in ids]
    found = await asyncio.gather(*(replayed(log, Notification, stream) for stream in streams))
    if not any(each.exists for each in found):
        raise MessageNotFound(run_id="", message_id=message_id)
    fact = (await log.stream(message_stream(message_id)))[0]
    answer = ReceivedMessage(
        message_id=message_id,
        run_id=fact.data["run_id"],
        says=_says(fact),
        sent_at=datetime.fromisoformat(fact.data["send_at"]),
    )
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(answer), position)


async def _notifications(log: PostgresLog, message_id: str) -> list[str]:
    """The ids of the notifications of a message, the same for each learner; none if there is no such message."""
    facts = await log.stream(message_stream(message_id))
    causes = [fact.meta.event_id for fact in facts[:1]]
    return [notification_id(dedupe_key(cause, channel, "staff_message")) for cause in causes for channel in Channel]


async def _shown(log: PostgresLog, fact: Fact) -> ShownMessage:
    data, message = fact.data, await replayed(log, StaffMessage, fact.stream_id)
    return ShownMessage(
        message_id=fact.id("message_id"),
        run_id=data["run_id"],
        addressees=data["addressees"],
        cohort_id=data["cohort_id"],
        says=_says(fact),
        planned_by=fact.meta.actor,
        planned_at=fact.occurred_at,
        send_at=datetime.fromisoformat(data["send_at"]),
        state=_state(message, log.clock.now()),
        learners=message.done,
    )


def _state(message: StaffMessage, now: datetime) -> str:
    if message.undone:
        return "undone"
    if message.finished:
        return "sent"
    return "planned" if message.send_at is not None and now < message.send_at else "leaving"


def _says(fact: Fact) -> list[MessageWords]:
    """What a message says, first in the language for all other readers."""
    first, titles, texts = fact.data["language"], fact.data["titles"], fact.data["texts"]
    languages = [first, *sorted(titles.keys() - {first})]
    return [MessageWords(language=each, title=titles[each], text=texts[each]) for each in languages]
