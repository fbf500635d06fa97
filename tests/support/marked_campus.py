"""
The sample campus, small, in which all that a person has written ends with markup: a page that shows it as markup would
be open to anyone who can write (cross-site scripting).

Its steps are those of the seed, for a few learners; each text in a command gets a mark with a number of its own.
"""

import asyncio
import dataclasses
from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec
import pytest

from adapters.auth.access import AccountAccess
from adapters.auth.sample_accounts import METHOD
from adapters.command_bus.bus import Bus
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.lag import projection_lags
from adapters.settings import Settings
from commands.forum import CreateThread, EditPost, PostReply
from commands.forum.moderation import ReportPost
from commands.log import Context
from commands.roles import GrantRole
from commands.user import InviteAccount
from domain.forum import ThreadKind
from domain.forum.moderation import ReportGround
from domain.roles import Grant
from projections.registry import PROJECTIONS
from tests.support.polling import until
from workers.seeding.sample import run as seeding
from workers.seeding.sample import seed_sample
from workers.seeding.sample.cast import ADA, KOFI, LEARNERS, STAFF
from workers.seeding.sample.timetable import Step

MARK = "\"'><i canary{} onclick=canary()>"
"""Ends an attribute in either kind of quotes, and begins an element."""
IN_MARKDOWN = """

Text with <i canary onclick=canary()>markup</i>, <script>canary()</script>, [a link](javascript:canary()),
![a picture](javascript:canary()), <a href="javascript:canary()">another</a> and `{{ canary }}`.

<img src=x onerror=canary()> <svg onload=canary()>
"""
FORMULA = "=canary("
"""How names begin: a spreadsheet would calculate it."""
WRITTEN = frozenset(("title", "summary", "text", "words", "name", "guidance", "feedback", "comment", "note"))
"""Fields in which people write, also a single word."""
OTHERS, FEW_REFUSED = 9, 12
RUN, OTHER_RUN = "MATH-101-1", "BIO-120-1"
ASSISTANT = LEARNERS[-1]
ROLES: Mapping[str, str] = {
    "learner": ADA.learner_id,
    "instructor": "sample-instructor",
    "assistant": ASSISTANT.learner_id,
    "auditor": "sample-auditor",
    "analyst": "sample-analyst",
    "admin": KOFI.learner_id,
}
"""Who has a role: the sample people, and an assistant on one run."""


class Marks:
    """Puts marks into commands."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def text(self, text: str) -> str:
        """With a mark behind it."""
        return f"{text} {MARK.format(next(self._numbers))}"

    def marked(self, value: Any, field: str = "") -> Any:
        """A command or a part of one, its texts with marks."""
        if isinstance(value, str):
            return self.text(value) if field in WRITTEN or " " in value else value
        if isinstance(value, msgspec.Struct):
            names = value.__struct_fields__
            return msgspec.structs.replace(value, **{each: self.marked(getattr(value, each), each) for each in names})
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            own = [each.name for each in dataclasses.fields(value) if each.init]
            return dataclasses.replace(value, **{each: self.marked(getattr(value, each), each) for each in own})
        return self._inside(value, field)

    def _inside(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {key: self.marked(each, str(key)) for key, each in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.marked(each, field) for each in value)
        return value


def few(steps: list[Step], others: int = OTHERS) -> list[Step]:
    """The steps of the staff, of the sample learner and of some others: those about whom most kinds of steps are."""
    of_staff = {person.learner_id for person in STAFF}
    kinds: dict[str, set[str]] = {}
    for step in steps:
        if step.actor not in of_staff or hasattr(step.command, "learner_id"):
            kinds.setdefault(_about(step), set()).add(type(step.command).__name__)
    chosen, covered = {ADA.learner_id, ASSISTANT.learner_id}, set(kinds[ADA.learner_id])
    for _ in range(others):
        learner_id = max((each for each in kinds if each not in chosen), key=lambda each: len(kinds[each] - covered))
        chosen.add(learner_id)
        covered |= kinds[learner_id]
    kept = [step for step in steps if _about(step) in chosen or _about(step) in of_staff]
    return [_only(step, chosen) for step in kept]


def _about(step: Step) -> str:
    return getattr(step.command, "learner_id", None) or step.actor


def _only(step: Step, chosen: set[str]) -> Step:
    named = getattr(step.command, "learner_ids", None)
    if named is None:
        return step
    return step._replace(
        command=dataclasses.replace(step.command, learner_ids=[*set(named) & chosen] or [ADA.learner_id])
    )


def fill(settings: Settings) -> None:
    """Fill a campus that is empty."""
    marks, plan, data = Marks(), seeding.plan, seeding._data

    def marked_plan(*args: Any, **kwargs: Any) -> list[Step]:
        return [step._replace(command=_formula(marks.marked(step.command))) for step in few(plan(*args, **kwargs))]

    def marked_data(course_id: str, unit: Any) -> bytes:
        found = data(course_id, unit)
        return found + IN_MARKDOWN.encode() if unit.kind == "text" else found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seeding, "plan", marked_plan)
        patched.setattr(seeding, "_data", marked_data)
        refused = asyncio.run(seed_sample(settings)).refused
    assert len(refused) < FEW_REFUSED, refused


def _formula(command: Any) -> Any:
    """An account whose person is called like a formula."""
    if not isinstance(command, InviteAccount):
        return command
    return dataclasses.replace(command, display_name=f"{FORMULA}{command.display_name})")


async def talk(settings: Settings) -> None:
    """Have the learner ask a question in the forum of the run and change it, and the assistant reply and report it."""
    log, marks = await PostgresLog.open(settings), Marks()
    try:
        title, text = marks.text("Why"), f"{marks.text('Why?')}{IN_MARKDOWN}"
        ask = CreateThread(ADA.learner_id, RUN, "sample-thread", ThreadKind.QUESTION, None, title, text)
        reply = PostReply(ASSISTANT.learner_id, RUN, "sample-thread", 1, f"So.{IN_MARKDOWN}", by_staff=True)
        look = ReportPost(ASSISTANT.learner_id, RUN, "sample-thread", 1, ReportGround.OTHER, marks.text("Look"), True)
        quote = f"{text} {marks.text('Or')}\n\n> So.{IN_MARKDOWN}"
        edit = EditPost(ADA.learner_id, RUN, "sample-thread", 1, f"{title} {marks.text('then')}", quote, quotes=(2,))
        for command in (ask, reply, look, edit):
            await Bus(log).handle(command, Context(command.learner_id, log.clock.now()))
    finally:
        await log.close()


async def is_folded(settings: Settings) -> None:
    """Wait until every read model has every fact."""

    async def are_there() -> bool:
        async with await connect(settings, application="test") as connection:
            lags = await projection_lags(connection)
        return len(lags) == len(PROJECTIONS) and not any(each.lag_events for each in lags)

    await until(are_there)


async def signed_in(settings: Settings, learner_id: str) -> str:
    """The token of a session in which the person has given every proof."""
    log = await PostgresLog.open(settings)
    try:
        access = AccountAccess(log, Bus(log), settings)
        now, credentials = access.now(), await access.credentials(learner_id)
        opened = await access.open(learner_id, credentials.password_id, METHOD, "test", confirmed_at=now, factor_at=now)
    finally:
        await log.close()
    return opened.token


async def grant_assistant(settings: Settings) -> None:
    """Have the assistant assist on the run."""
    log = await PostgresLog.open(settings)
    try:
        grant = GrantRole(ASSISTANT.learner_id, Grant("assistant", f"run:{RUN}"), None, Marks().text("helps"))
        await Bus(log).handle(grant, Context(KOFI.learner_id, log.clock.now()))
    finally:
        await log.close()
