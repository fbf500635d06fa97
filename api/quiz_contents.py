"""A quiz as those who write it have it: its questions with their keys, its sections and all of its rules."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import Query, Response
from msgspec.structs import FieldInfo

from adapters.command_bus.replay import replayed
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import QuizId
from domain.kinds import Kind
from domain.late_policy import LatePolicy
from domain.quiz import Quiz, QuizNotFound, Version, quiz_stream
from domain.quiz.rules import Rules
from domain.quiz_errors import QuizVersionNotFound

router = strict_router("quiz", "/v1")


class WrittenItem(msgspec.Struct, kw_only=True):
    """A question and its key, as they are after regrades; their `kind` says which members they have."""

    item_id: str
    question: dict[str, Any]
    key: dict[str, Any]


class WrittenSection(msgspec.Struct, kw_only=True):
    """A part of the quiz; `pick` so many of its items are drawn for each attempt, null: all of them."""

    section_id: str
    title: str
    items: list[str]
    pick: int | None


def _as_it_is(field: FieldInfo) -> tuple[str, Any, Any]:
    default = msgspec.field(default=field.default, default_factory=field.default_factory)  # type: ignore[call-overload]
    return field.name, field.type, default


if TYPE_CHECKING:

    class WrittenRules(Rules, frozen=True, kw_only=True):
        """What there is of it for who reads the code: all that Rules have, and this."""

        has_password: bool = False

else:
    WrittenRules = msgspec.defstruct(
        "WrittenRules",
        [
            *(_as_it_is(each) for each in msgspec.structs.fields(Rules) if each.name != "password_hash"),
            ("has_password", bool, False),
        ],
        namespace={"__doc__": "By which rules a quiz is taken; of a password there is only whether one is needed."},
        module=__name__,
        kw_only=True,
    )
"""The rules of the domain, but for the hash of the password."""


class WrittenQuiz(msgspec.Struct, kw_only=True):
    """
    One version of a quiz with its keys, for the staff of its run.

    Attributes:
        newest: the version with which attempts are started now.
    """

    quiz_id: str
    run_id: str
    unit_id: str
    kind: Kind
    version: int
    newest: int
    title: str
    time_limit: int | None
    attempts_allowed: int
    due_at: datetime | None
    pass_bp: int
    rules: WrittenRules
    sections: list[WrittenSection]
    items: list[WrittenItem]


ASKED = {"kind": "true_false", "question_id": "i1", "text": "Is 2 prime?"}
EXAMPLE = WrittenQuiz(
    quiz_id="algebra-2026-q1",
    run_id="algebra-2026",
    unit_id="q1",
    kind="quiz",
    version=1,
    newest=1,
    title="Equations",
    time_limit=1_800,
    attempts_allowed=1,
    due_at=datetime.fromisoformat("2026-02-15T09:00:00Z"),
    pass_bp=4_000,
    rules=WrittenRules(
        opens_at=datetime.fromisoformat("2026-02-08T09:00:00Z"),
        closes_at=datetime.fromisoformat("2026-02-22T09:00:00Z"),
        late=LatePolicy("percent_a_day", 1_000, 5),
    ),
    sections=[WrittenSection(section_id="all", title="", items=["i1"], pick=1)],
    items=[WrittenItem(item_id="i1", question=ASKED, key={"kind": "true_false", "right": True})],
)


@router.get("/quizzes/{quiz_id}/contents", responses=query(EXAMPLE, 403, 404))
async def get_quiz_contents(
    quiz_id: QuizId,
    ask: QueryDep,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="The newest if left out.")] = None,
) -> Response:
    """What a version of a quiz asks, with what is right, and by which rules; learners are sent none of it."""
    head = await ask.services.log.head()
    quiz = await replayed(ask.services.log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    if version is not None and version not in quiz.versions:
        raise QuizVersionNotFound(quiz_id=quiz_id, version=version)
    ask.must_reach(head)
    found = quiz.current if version is None else quiz.version_of(version)
    return ask.reply(msgspec.json.encode(_written(quiz, found)), head)


def _written(quiz: Quiz, found: Version) -> WrittenQuiz:
    rules = msgspec.structs.asdict(found.rules)
    has_password = bool(rules.pop("password_hash"))
    asked = {item_id: found.asked(item_id) for item_id in found.item_ids}
    return WrittenQuiz(
        quiz_id=quiz.id_of("quiz_id"),
        run_id=quiz.run_id,
        unit_id=quiz.unit_id,
        kind=quiz.kind,
        version=found.number,
        newest=quiz.current.number,
        title=found.title,
        time_limit=found.time_limit,
        attempts_allowed=found.attempts_allowed,
        due_at=found.due_at,
        pass_bp=found.pass_bp,
        rules=WrittenRules(**rules, has_password=has_password),
        sections=[WrittenSection(**msgspec.structs.asdict(each)) for each in found.sections],
        items=[
            WrittenItem(item_id=item_id, question=msgspec.to_builtins(question), key=msgspec.to_builtins(key))
            for item_id, (question, key) in asked.items()
        ],
    )
