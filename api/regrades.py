"""Regrades: what was asked or what is right is changed afterwards; looked at first, then committed, or taken back."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.command_bus.dry_run import DryRun
from adapters.command_bus.replay import replayed
from api.http import paging
from api.http.clear_reason import LongClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.late_policy import NewLatePolicy
from api.http.openapi import asked_for, command, query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import BasisPoints, Id, Limit, QuizId
from commands.log import Context
from commands.quiz import CommitRegrade, ProposeRegrade
from commands.quiz.foreseeing import Consequence, CredentialChange, consequences
from commands.quiz.regrading import Change, Wanted, page_ends, preview, previewed
from domain.grading import shown
from domain.quiz import MAX_ITEMS, Quiz, QuizNotFound, quiz_stream
from domain.quiz.marks import ItemMark
from domain.quiz.regrade import NewItem

router = strict_router("regrades", "/v1")

SHOWN = 500  # changes in the answer to a proposal
LISTING = "regrade"
RegradeNo = Annotated[int, Path(ge=1, le=100_000, description="The regrade; they count from 1.", examples=[1])]


class RegradedAttempt(msgspec.Struct, kw_only=True):
    """
    What a regrade would make of an attempt.

    Attributes:
        run_id: the run on which the learner's grade, outcome and credential are foreseen: that of the quiz, or that to
            which the learner was transferred.
        old_marks, marks: of the items that change.
        old_grade_bp, grade_bp: of the course, by all units as they stand; null where nothing that counts is scored.
        old_letter, letter: of these grades; null where the course has no letters.
        old_outcome, outcome: of the course; empty where it is not decided.
        credential: what becomes of the learner's credential: it is `gained`, `lost`, `replaced` by one that says
            something else, or as it was (`none`).
    """

    learner_id: str
    run_id: str
    attempt_no: int
    old_score_bp: int
    score_bp: int
    old_passed: bool
    passed: bool
    old_marks: list[ItemMark]
    marks: list[ItemMark]
    old_grade_bp: int | None
    grade_bp: int | None
    old_letter: str | None
    letter: str | None
    old_outcome: str
    outcome: str
    credential: CredentialChange


class RegradePreview(msgspec.Struct, kw_only=True):
    """
    A regrade that was proposed: of `attempts` at the version it would change `affected`, of which the first are here.

    Nothing has changed yet: commit it by its number.

    Attributes:
        next: where there are more, what `GET …/regrades/NO/changes` takes as `cursor` to go on; else null.
    """

    position: int
    regrade_no: int
    version: int
    attempts: int
    affected: int
    changes: list[RegradedAttempt]
    next: str | None


class RegradeChanges(msgspec.Struct, kw_only=True):
    """A page of the attempts that a regrade would change, as things stand now; those of one learner are on one page."""

    items: list[RegradedAttempt]
    next: str | None


class RegradeState(msgspec.Struct, kw_only=True):
    """A regrade, and how far it is: `done` attempts at the quiz were looked at, and `changed` of them are different."""

    regrade_no: int
    version: int
    items: list[str]
    committed: bool
    finished: bool
    done: int
    changed: int


class RegradeList(msgspec.Struct, kw_only=True):
    """The regrades of a quiz, in the order of their numbers."""

    items: list[RegradeState]


MARK = ItemMark("i1", "0", "1")
CHANGE = RegradedAttempt(
    learner_id="28400",
    run_id="algebra-2026",
    attempt_no=1,
    old_score_bp=5_000,
    score_bp=10_000,
    old_passed=True,
    passed=True,
    old_marks=[MARK],
    marks=[ItemMark("i1", "1", "1")],
    old_grade_bp=5_000,
    grade_bp=7_500,
    old_letter="C",
    letter="B",
    old_outcome="fail",
    outcome="pass",
    credential="gained",
)
PREVIEW = RegradePreview(
    position=1713, regrade_no=1, version=1, attempts=120, affected=1, changes=[CHANGE], next=paging.NEXT
)
STATE = RegradeState(regrade_no=1, version=1, items=["i1"], committed=True, finished=True, done=120, changed=1)


class ChangedItem(Body):
    """What an item is to be: its question, its key, or only its `points`; what is left out stays."""

    item_id: Id
    question: dict[str, Any] | None = None
    key: dict[str, Any] | None = None
    points: Annotated[str, Field(max_length=60, pattern=r"^[0-9./]+$")] | None = None


class NewRegrade(Body):
    """What is changed, in the newest version if none is named, and why; `undo` takes back a regrade by its number."""

    model_config = example(
        items=[{"item_id": "i1", "key": {"kind": "single_choice", "shares": {"0": "1"}}}], reason="the key was wrong"
    )

    version: Annotated[int, Field(ge=1, le=100_000)] | None = None
    items: Annotated[list[ChangedItem], Field(max_length=MAX_ITEMS, default_factory=list)]
    pass_bp: BasisPoints | None = None
    late: NewLatePolicy | None = None
    undo: Annotated[int, Field(ge=1, le=100_000)] | None = None
    reason: LongClearReason


@router.post(
    "/quizzes/{quiz_id}/regrades",
    status_code=202,
    response_model=None,
    responses=command(403, 404, 409) | asked_for(PREVIEW, 404),
)
async def propose_regrade(quiz_id: QuizId, body: NewRegrade, send: Dispatch, services: ServicesDep) -> Response:
    """Propose a regrade, and see which attempts it would change, by how much, and what follows for their courses."""
    wanted = Wanted(
        quiz_id,
        body.version,
        [NewItem(**item.model_dump()) for item in body.items],
        body.pass_bp,
        body.late.policy() if body.late else None,
        body.undo,
    )
    look = DryRun(services.log, send.context())
    attempts, changes = await preview(look, wanted)
    position = await send.position(ProposeRegrade(wanted, body.reason, attempts, len(changes)))
    quiz = await replayed(services.log, Quiz, quiz_stream(quiz_id))
    number = max(quiz.proposals)
    end = next((no for no in range(SHOWN, len(changes)) if page_ends(changes[:no], changes[no], SHOWN)), len(changes))
    first = changes[:end]
    answer = RegradePreview(
        position=position,
        regrade_no=number,
        version=quiz.proposals[number].change.version,
        attempts=attempts,
        affected=len(changes),
        changes=await _all_shown(look, quiz, first),
        next=_cursor(quiz, number, first) if end < len(changes) else None,
    )
    return Response(msgspec.json.encode(answer), 202, media_type=JSON)


@router.get(
    "/quizzes/{quiz_id}/regrades/{regrade_no}/changes",
    responses=query(RegradeChanges(items=[CHANGE], next=paging.NEXT), 403, 404, 409),
)
async def list_regrade_changes(
    *,
    request: Request,
    quiz_id: QuizId,
    regrade_no: RegradeNo,
    ask: QueryDep,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What a regrade that was proposed would change, as the proposal is answered, page by page."""
    (after,) = paging.after(_listing(quiz_id, regrade_no), cursor, [str]) or [""]
    head = await ask.services.log.head()
    ask.must_reach(head)
    look = DryRun(ask.services.log, Context(ask.user.by, ask.now()))
    quiz, found, more = await previewed(look, quiz_id, regrade_no, after, limit)
    following = _cursor(quiz, regrade_no, found) if more else None
    page = RegradeChanges(items=await _all_shown(look, quiz, found), next=following)
    return ask.reply(msgspec.json.encode(page), head, paging.link_to(request, following))


def _listing(quiz_id: str, regrade_no: int) -> str:
    return f"{LISTING}:{quiz_id}:{regrade_no}"


def _cursor(quiz: Quiz, regrade_no: int, page: Sequence[Change]) -> str:
    """Where the page after this one begins."""
    return paging.cursor_to(_listing(quiz.id_of("quiz_id"), regrade_no), [page[-1].attempt.id_of("learner_id")])


async def _all_shown(look: DryRun, quiz: Quiz, page: Sequence[Change]) -> list[RegradedAttempt]:
    found = await consequences(look, quiz, page)
    return [_shown(each, found[each.attempt.id_of("learner_id")]) for each in page]


def _shown(change: Change, follows: Consequence) -> RegradedAttempt:
    attempt, foreseen, before, after = change.attempt, change.foreseen, follows.before, follows.after
    changed = {each.item_id for each in foreseen.marks}
    return RegradedAttempt(
        learner_id=attempt.id_of("learner_id"),
        run_id=follows.run_id,
        attempt_no=attempt.attempt_no,
        old_score_bp=attempt.score.bp if attempt.score else 0,
        score_bp=foreseen.score.bp,
        old_passed=attempt.passed,
        passed=foreseen.passed,
        old_marks=[mark for item_id, mark in attempt.marks.items() if item_id in changed],
        marks=foreseen.marks,
        old_grade_bp=shown(before.grade),
        grade_bp=shown(after.grade),
        old_letter=before.letter,
        letter=after.letter,
        old_outcome=before.outcome,
        outcome=after.outcome,
        credential=follows.credential,
    )


@router.post(
    "/quizzes/{quiz_id}/regrades/{regrade_no}/commit",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def commit_regrade(quiz_id: QuizId, regrade_no: RegradeNo, send: Dispatch) -> Response:
    """Let a regrade hold; its attempts are marked again soon after, and grades and outcomes follow."""
    return await send(CommitRegrade(quiz_id, regrade_no))


@router.get("/quizzes/{quiz_id}/regrades", responses=query(RegradeList(items=[STATE]), 403, 404))
async def list_regrades(quiz_id: QuizId, ask: QueryDep) -> Response:
    """The regrades of a quiz, and how far they are."""
    head = await ask.services.log.head()
    ask.must_reach(head)
    quiz = await replayed(ask.services.log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    items = []
    for number, (change, _) in quiz.proposals.items():
        progress = quiz.progress.get(number)
        items.append(
            RegradeState(
                regrade_no=number,
                version=change.version,
                items=[each.item_id for each in change.items],
                committed=progress is not None,
                finished=progress is not None and progress.finished,
                done=progress.done if progress else 0,
                changed=progress.changed if progress else 0,
            )
        )
    return ask.reply(msgspec.json.encode(RegradeList(items=items)), head)
