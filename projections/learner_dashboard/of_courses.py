"""What dashboards take over from courses: the title, the units of each version, and other titles that they get."""

from collections.abc import Iterable, Mapping

import msgspec

from domain.catalog import Unit
from domain.fact import Fact
from domain.grading import CATEGORIES, Group, Letter
from domain.streams import named_id
from projections.engine.projection import Handler, RowKey, Rows
from projections.learner_dashboard.rows import COURSES, RENAMES, CourseRef, Renamed

_course = named_id("course_id")


def _needs_course(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(COURSES, (_course(fact.stream_id),)),)


def _needs_rename(fact: Fact) -> Iterable[RowKey]:
    course_id = _course(fact.stream_id)
    return RowKey(COURSES, (course_id,)), RowKey(RENAMES, (course_id,))


def _course_created(fact: Fact, rows: Rows) -> None:
    rows.edit(COURSES, CourseRef, _course(fact.stream_id)).title = fact.data["title"]


def _renamed(fact: Fact, rows: Rows) -> None:
    """Runs that come have the new title; documents that are there get it when they are read."""
    course_id, title = _course(fact.stream_id), fact.data["new"]
    rows.edit(COURSES, CourseRef, course_id).title = title
    rows.edit(RENAMES, Renamed, course_id).title = title


def _version_published(fact: Fact, rows: Rows) -> None:
    course = rows.edit(COURSES, CourseRef, _course(fact.stream_id))
    version = fact.data["version"]
    course.versions[version] = msgspec.convert(fact.data["units"], list[Unit])
    course.groups[version] = msgspec.convert(fact.data.get("groups", []), list[Group])
    if fact.data["grading_policy"] == CATEGORIES:
        course.policies[version] = fact.data["grading_policy"]
    if fact.data.get("letters"):
        course.letters[version] = msgspec.convert(fact.data["letters"], list[Letter])


OF_COURSES: Mapping[str, Handler] = {
    "course.created": Handler(_needs_course, _course_created, writes=(COURSES,)),
    "course.renamed": Handler(_needs_rename, _renamed, writes=(COURSES, RENAMES)),
    "course.version_published": Handler(_needs_course, _version_published, writes=(COURSES,)),
}
"""What the dashboards do with facts of courses."""
