"""How two structures of a course differ, and what the second would mean for the learners who follow the first."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.reader import Reader, RowPage
from adapters.postgres.queries.version_standings import first_versions, standing_of, standings
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

PAGE = 2_000  # learners that are counted at a time, between other requests

ReadPage = Callable[[Callable[[], Awaitable[RowPage]]], Awaitable[RowPage]]
"""Reads a page of rows that are as new as is asked for."""


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


async def version_diff(
    log: PostgresLog,
    reader: Reader,
    read: ReadPage,
    course_id: str,
    *,
    from_version: int | None,
    to_version: int | None,
) -> tuple[VersionDiff, int]:
    """
    What differs, and the lowest position for which the impact is true.

    Args:
        from_version: the newest version if it is None.
        to_version: the draft if it is None.

    Raises:
        CourseNotFound, VersionNotFound, DraftNotFound.
    """
    course = await replayed(log, Course, course_stream(course_id))
    if not course.exists:
        raise CourseNotFound(course_id=course_id)
    version = course.latest if from_version is None else from_version
    old = _structure(course, version)
    if to_version is None:
        draft = await replayed(log, CourseDraft, draft_stream(course_id))
        if not draft.exists:
            raise DraftNotFound(course_id=course_id)
        new = draft.structure
    else:
        new = _structure(course, to_version)
    comparison = Comparison(old, new)
    position = await _compare(comparison, log, reader, read, (course_id, version))
    found = VersionDiff(
        course_id=course_id,
        from_version=version,
        to_version=to_version,
        changes=diff(old, new),
        impact=comparison.impact,
    )
    return found, position


def _structure(course: Course, version: int) -> Structure:
    if version not in course.structures:
        raise VersionNotFound(course_id=course.id_of("course_id"), version=version)
    return course.structures[version]


async def _compare(
    comparison: Comparison, log: PostgresLog, reader: Reader, read: ReadPage, followed: tuple[str, int]
) -> int:
    """Count the learners who follow a version of a course, page by page; the lowest position of a page."""
    after, positions = ("", ""), list[int]()
    first = await first_versions(log, followed[0])
    while True:

        async def page_after(after: tuple[str, str] = after) -> RowPage:
            return await standings(reader, *followed, after, PAGE, first=first)

        page = await read(page_after)
        positions.append(page.position)
        await asyncio.to_thread(_count, comparison, page.rows)
        if len(page.rows) < PAGE:
            return min(positions)
        after = page.rows[-1][0], page.rows[-1][1]


def _count(comparison: Comparison, rows: list[tuple[str, str, str]]) -> None:
    for row in rows:
        comparison.add(standing_of(row))
