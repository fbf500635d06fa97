"""The draft of a course as its editors see it."""

import msgspec

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import catalog
from domain.catalog import (
    Course,
    CourseDraft,
    CourseNotFound,
    DraftNotFound,
    Letter,
    Prerequisite,
    Section,
    Unit,
    course_stream,
    draft_stream,
)
from domain.grading import Group
from domain.words import CompletionRule, GradingPolicy


class DraftProblem(msgspec.Struct, kw_only=True):
    """What keeps a draft from being published."""

    code: str
    detail: str


class ShownDraft(msgspec.Struct, kw_only=True):
    """
    The draft of a course, as it would be published.

    Attributes:
        revision: what an edit has to say; each fact about the draft is one more.
        base_version: the version from which it comes, 0 for none.
        latest_version: the newest version of the course, 0 for none.
        changed: whether it differs from the version from which it comes.
        problems: what keeps it from being published.
    """

    course_id: str
    revision: int
    base_version: int
    latest_version: int
    changed: bool
    problems: list[DraftProblem]
    units: list[Unit]
    sections: list[Section]
    completion_rule: CompletionRule
    grading_policy: GradingPolicy
    groups: list[Group]
    letters: list[Letter]
    prerequisites: list[Prerequisite]


EXAMPLE = ShownDraft(
    course_id="algebra",
    revision=3,
    base_version=1,
    latest_version=1,
    changed=True,
    problems=[DraftProblem(code="bad_structure", detail="unit q2 is in no section")],
    units=catalog.VERSION_EXAMPLE.units,
    sections=catalog.VERSION_EXAMPLE.sections,
    completion_rule="all_weighted_units",
    grading_policy="weighted_mean",
    groups=[],
    letters=catalog.VERSION_EXAMPLE.letters,
    prerequisites=[],
)


async def draft_of(log: PostgresLog, course_id: str) -> ShownDraft:
    """The draft of a course as it would be published; raises CourseNotFound, DraftNotFound."""
    draft = await replayed(log, CourseDraft, draft_stream(course_id))
    course = await replayed(log, Course, course_stream(course_id))
    if not course.exists:
        raise CourseNotFound(course_id=course_id)
    if not draft.exists:
        raise DraftNotFound(course_id=course_id)
    structure = draft.structure
    return ShownDraft(
        course_id=draft.course_id,
        revision=draft.version,
        base_version=draft.base_version,
        latest_version=course.latest,
        changed=course.structures.get(draft.base_version) != structure,
        problems=[DraftProblem(code=each.code, detail=each.sentence) for each in draft.problems()],
        **msgspec.structs.asdict(structure),
    )
