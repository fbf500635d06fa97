"""How two versions of a course differ, or its draft and a version, and what that would mean for learners."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import Query, Response

from adapters.command_bus.replay import replayed
from adapters.postgres.queries.reader import RowPage
from adapters.postgres.queries.version_standings import first_versions, standing_of, standings
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import CourseId
from domain.catalog import (
    Course,
    CourseDraft,
    CourseNotFound,
    DraftNotFound,
    Structure,
    Unit,
    VersionNotFound,
    course_stream,
    draft_stream,
)
from domain.catalog.diff import ChangedUnit, StructureDiff, diff
from domain.catalog.impact import Comparison, Impact, Shift

router = strict_router("catalog", "/v1")
PAGE = 2_000  # learners that are counted at a time, between other requests

Of = Annotated[int | None, Query(ge=1, le=100_000, examples=[1], description="The version; the newest if left out.")]
To = Annotated[int | None, Query(ge=1, le=100_000, examples=[2], description="The version; the draft if left out.")]


class VersionDiff(msgspec.Struct, kw_only=True):
    """
    What differs between two structures of a course.

    Attributes:
        to_version: null for the draft.
        impact: what percentages and final grades of those would be who follow the first version, if they followed the
            second structure.
    """

    course_id: str
    from_version: int
    to_version: int | None
    changes: StructureDiff
    impact: Impact


OLD, NEW = Unit("q1", "quiz", "Equations", weight=10_000), Unit("q1", "quiz", "Equations", weight=8_000)
EXAMPLE = VersionDiff(
    course_id="algebra",
    from_version=1,
    to_version=2,
    changes=StructureDiff(
        units_added=["q2"],
        units_removed=["intro"],
        units_moved=["q3"],
        units_changed=[ChangedUnit(unit_id="q1", fields=["weight"], old=OLD, new=NEW)],
        sections_added=["groups"],
        sections_removed=["more"],
        sections_renamed=["basics"],
        sections_moved=["rings"],
        policy=["letters"],
    ),
    impact=Impact(
        learners=120,
        affected=80,
        percent=Shift(lower=80, same=40, largest_drop_bp=2_000),
        grade=Shift(lower=60, same=20, without=40, largest_drop_bp=2_000),
        passing_no_more=3,
        other_letter=12,
    ),
)


@router.get("/courses/{course_id}/diff", responses=query(EXAMPLE, 403, 404))
async def get_diff(course_id: CourseId, ask: QueryDep, from_version: Of = None, to_version: To = None) -> Response:
    """How two versions differ, or the draft from a version, and how many learners that would affect, and how."""
    course = await replayed(ask.services.log, Course, course_stream(course_id))
    if not course.exists:
        raise CourseNotFound(course_id=course_id)
    version = course.latest if from_version is None else from_version
    old = _structure(course, version)
    if to_version is None:
        draft = await replayed(ask.services.log, CourseDraft, draft_stream(course_id))
        if not draft.exists:
            raise DraftNotFound(course_id=course_id)
        new = draft.structure
    else:
        new = _structure(course, to_version)
    impact, position = await _impact(ask, course_id, version, old, new)
    found = VersionDiff(
        course_id=course_id, from_version=version, to_version=to_version, changes=diff(old, new), impact=impact
    )
    return ask.reply(msgspec.json.encode(found), position)


def _structure(course: Course, version: int) -> Structure:
    if version not in course.structures:
        raise VersionNotFound(course_id=course.id_of("course_id"), version=version)
    return course.structures[version]


async def _impact(
    ask: QueryContext, course_id: str, version: int, old: Structure, new: Structure
) -> tuple[Impact, int]:
    """The learners who follow a version, counted page by page, and the lowest position for which that is true."""
    comparison, after, positions = Comparison(old, new), ("", ""), []
    first = await first_versions(ask.services.log, course_id)
    while True:

        async def read(after: tuple[str, str] = after) -> RowPage:
            return await standings(ask.services.reader, course_id, version, after, PAGE, first=first)

        page = await ask.read_at_least("course_dashboard", read)
        positions.append(page.position)
        await asyncio.to_thread(_count, comparison, page.rows)
        if len(page.rows) < PAGE:
            return comparison.impact, min(positions)
        after = page.rows[-1][0], page.rows[-1][1]


def _count(comparison: Comparison, rows: list[tuple[str, str, str]]) -> None:
    for row in rows:
        comparison.add(standing_of(row))
