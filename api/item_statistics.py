"""How the items of a quiz went, for those who teach it, from the read model item_statistics."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import Query, Response

from adapters.command_bus.replay import replayed
from adapters.postgres.queries import item_statistics as queries
from adapters.postgres.queries.item_statistics import (
    Counts,
    ItemRemark,
    ItemStatistics,
    OptionStatistics,
    QuizStatistics,
    VersionCount,
)
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import QuizId
from domain.questions import kind_of
from domain.quiz import Quiz, QuizNotFound, Version, quiz_stream
from domain.quiz.item_statistics import Choice, ItemFigures, choices_of, remarks, statistics
from domain.quiz_errors import QuizVersionNotFound
from domain.score import rounded_bp

router = strict_router("item_statistics", "/v1")


@router.get("/quizzes/{quiz_id}/item-statistics", responses=query(queries.EXAMPLE, 403, 404))
async def get_item_statistics(
    quiz_id: QuizId,
    ask: QueryDep,
    version: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="Of the quiz; the newest with attempts if left out.")
    ] = None,
) -> Response:
    """Facility, discrimination, options and Cronbach's alpha, by the first attempt of each learner with all marks."""
    reader = ask.services.reader
    quiz = await replayed(ask.services.log, Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    if version is not None and version not in quiz.versions:
        raise QuizVersionNotFound(quiz_id=quiz_id, version=version)
    counts = await ask.read_at_least("item_statistics", lambda: queries.counts(reader, quiz_id, version))
    body = await asyncio.to_thread(_body, quiz, counts, version)
    return ask.reply(body, counts.position)


def _body(quiz: Quiz, counts: Counts, version: int | None) -> bytes:
    """The answer; a quiz of many learners takes too long to let other requests wait for it."""
    newest = max((number for number, _ in counts.versions), default=quiz.current.number)
    of = quiz.version_of(newest if version is None else version)
    choices = {item_id: choices_of(*of.asked(item_id)) for item_id in of.item_ids}
    options = {item_id: [each.option_id for each in among] for item_id, among in choices.items()}
    whole, items = statistics(counts.totals, counts.taken, options)
    return msgspec.json.encode(
        QuizStatistics(
            quiz_id=quiz.id_of("quiz_id"),
            run_id=quiz.run_id,
            title=of.title,
            version=of.number,
            versions=[VersionCount(version=number, learners=learners) for number, learners in counts.versions],
            learners=whole.learners,
            mean_points=round(float(whole.mean), 4),
            deviation=whole.deviation,
            alpha=whole.alpha,
            same_items=whole.same_items,
            items=[_item(of, item_id, items[item_id], choices[item_id]) for item_id in of.item_ids if item_id in items],
        )
    )


def _item(of: Version, item_id: str, figures: ItemFigures, choices: list[Choice]) -> ItemStatistics:
    question, _ = of.asked(item_id)
    return ItemStatistics(
        item_id=item_id,
        kind=kind_of(question),
        text=question.text,
        points=question.points,
        learners=figures.learners,
        omitted=figures.omitted,
        facility_bp=rounded_bp(figures.facility.numerator, figures.facility.denominator),
        deviation=figures.deviation,
        discrimination=figures.discrimination,
        upper_lower=figures.upper_lower,
        options=[
            OptionStatistics(
                option_id=each.option_id,
                text=each.text,
                right=each.right,
                chosen=figures.options[each.option_id].chosen,
                chosen_bp=rounded_bp(figures.options[each.option_id].chosen, figures.learners),
                discrimination=figures.options[each.option_id].discrimination,
            )
            for each in choices
        ],
        remarks=[ItemRemark(code=each.code, words=each.words) for each in remarks(figures, choices)],
    )
