"""Use cases of the catalog: courses, their versions, and runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from commands.log import Log, Position
from domain.capacity import EXCESS_STAYS
from domain.catalog import (
    BadSchedule,
    BadStructure,
    Change,
    Course,
    CourseDraft,
    CourseNotFound,
    DraftNotFound,
    Letter,
    Prerequisite,
    PrerequisiteCircle,
    Run,
    RunNotFound,
    Section,
    Structure,
    Unit,
    VersionNotFound,
    course_stream,
    draft_stream,
    run_stream,
)
from domain.catalog.edits import Edit
from domain.catalog.structure import hash_of
from domain.deadlines import FROM_ENROLLMENT, FROM_START, UTC_ZONE, moved
from domain.grading import Group
from domain.late_policy import LatePolicy

SELF_PACED = "self"
SEAT_OFFER_HOURS = 48  # for runs that do not say otherwise
LEFT_OUT = {
    "seat_offer_hours": SEAT_OFFER_HOURS,
    "time_zone": UTC_ZONE,
    "waitlist_limit": None,
    "late": None,
    "registration_opens_at": None,
    "registration_closes_at": None,
    "due_from": None,
}
"""What a new run has in these fields if its plan leaves them out; its pacing says from when its deadlines count."""
CLONED = ("capacity", "pacing", "seat_offer_hours", "time_zone", "waitlist_limit", "late", "due_from")
"""What a clone of a run has as the run has it."""


@dataclass(frozen=True)
class CreateCourse:
    """Add a course to the catalog."""

    course_id: str
    title: str
    summary: str = ""
    language: str = "en"


async def create_course(command: CreateCourse, log: Log) -> Position:
    course = await log.load(Course, course_stream(command.course_id))
    course.create(command.title, command.summary, command.language)
    return await log.save(course)


@dataclass(frozen=True)
class DescribeCourse:
    """A course has another title, summary or language; what is None stays as it is."""

    course_id: str
    title: Change | None = None
    summary: Change | None = None
    language: Change | None = None


async def describe_course(command: DescribeCourse, log: Log) -> Position:
    course = await log.load(Course, course_stream(command.course_id))
    course.describe(command.title, command.summary, command.language)
    return await log.save(course)


@dataclass(frozen=True)
class PublishCourse:
    """Publish the structure of a course as its next version."""

    course_id: str
    units: Sequence[Unit]
    completion_rule: str = "all_weighted_units"
    grading_policy: str = "weighted_mean"
    groups: Sequence[Group] = ()
    sections: Sequence[Section] = ()
    letters: Sequence[Letter] = ()
    prerequisites: Sequence[Prerequisite] = ()


async def publish_course(command: PublishCourse, log: Log) -> Position:
    course = await log.load(Course, course_stream(command.course_id))
    structure = Structure(
        list(command.units),
        command.completion_rule,
        command.grading_policy,
        list(command.groups),
        list(command.sections),
        list(command.letters),
        list(command.prerequisites),
    )
    await _must_be_passable(log, command.course_id, structure)
    course.publish_structure(structure)
    return await log.save(course)


async def _must_be_passable(log: Log, course_id: str, structure: Structure) -> None:
    """
    Refuse prerequisites that there are not, or none of which can be passed before the course.

    Raises:
        CourseNotFound, PrerequisiteCircle.
    """
    for prerequisite in structure.prerequisites:
        for each in prerequisite.courses:
            if each != course_id and not (await log.read(Course, course_stream(each))).exists:
                raise CourseNotFound(course_id=each)
        if not any([await _can_come_before(log, each, {course_id}) for each in prerequisite.courses]):
            raise PrerequisiteCircle(course_id=course_id, asked=" or ".join(prerequisite.courses))


async def _can_come_before(log: Log, course_id: str, before: set[str]) -> bool:
    """Whether a course can be passed without one of those, by the newest version of each."""
    if course_id in before:
        return False
    course = await log.read(Course, course_stream(course_id))
    structure = course.structures.get(course.latest)
    for prerequisite in structure.prerequisites if structure else ():
        if not any([await _can_come_before(log, each, before | {course_id}) for each in prerequisite.courses]):
            return False
    return True


@dataclass(frozen=True)
class StartDraft:
    """
    Begin the draft of a course from a version: what was edited and not published is given up.

    Attributes:
        version: the version to begin from; None for the newest one, 0 for an empty draft.
        revision: the revision of the draft that the editor has seen, 0 where there was none.
    """

    course_id: str
    version: int | None = None
    revision: int = 0


async def start_draft(command: StartDraft, log: Log) -> Position:
    course = await log.read(Course, course_stream(command.course_id))
    if not course.exists:
        raise CourseNotFound(course_id=command.course_id)
    version = course.latest if command.version is None else command.version
    if version and version not in course.structures:
        raise VersionNotFound(course_id=command.course_id, version=version)
    draft = await log.load(CourseDraft, draft_stream(command.course_id))
    seen = draft.version
    draft.start(version, course.structures[version] if version else Structure([]))
    draft.must_be_at(command.revision, seen)
    return await log.save(draft)


@dataclass(frozen=True)
class EditDraft:
    """
    Change the draft of a course by *edits*, in their order, all or none.

    Attributes:
        revision: the revision of the draft that the editor has seen.
    """

    course_id: str
    revision: int
    edits: Sequence[Edit]


async def edit_draft(command: EditDraft, log: Log) -> Position:
    draft = await log.load(CourseDraft, draft_stream(command.course_id))
    if not draft.exists:
        raise DraftNotFound(course_id=command.course_id)
    seen = draft.version
    try:
        for edit in command.edits:
            edit.apply(draft)
    except BadStructure:
        if seen != command.revision:  # what another editor has changed may be why
            draft.must_be_at(command.revision, seen, changes=True)
        raise
    draft.must_be_at(command.revision, seen)
    return await log.save(draft)


@dataclass(frozen=True)
class PublishDraft:
    """
    Publish the draft of a course as its next version.

    Attributes:
        revision: the revision of the draft that the editor has seen.
        over_version: the newest version that the editor has seen; None for that from which the draft comes.
    """

    course_id: str
    revision: int
    over_version: int | None = None


async def publish_draft(command: PublishDraft, log: Log) -> Position:
    draft = await log.load(CourseDraft, draft_stream(command.course_id))
    if not draft.exists:
        raise DraftNotFound(course_id=command.course_id)
    course = await log.load(Course, course_stream(command.course_id))
    structure = draft.structure
    if course.structures.get(draft.base_version) != structure:  # else it is published, and a repeat changes nothing
        draft.must_be_at(command.revision, draft.version, changes=True)
        draft.must_come_from(course.latest, command.over_version)
        await _must_be_passable(log, command.course_id, structure)
        version = course.publish_structure(structure)
        draft.mark_published(version, hash_of(structure))
    return await log.save(course, draft)


@dataclass(frozen=True)
class ScheduleRun:
    """
    Plan a run of a course; what is UNSET stays as the run has it, and is what LEFT_OUT says for a new one.

    Attributes:
        capacity: number of seats; None for no limit.
        seat_offer_hours: for how long a seat that came free is held for the next in line; None or 0: given at once.
        time_zone: by whose clocks units are due.
        waitlist_limit: how many learners may wait for a seat; None for no limit, 0 for no waitlist.
        late: what becomes of late work where a unit says nothing; None: it is taken as it comes.
        registration_opens_at: from when learners may ask for a place, while the run is open; None: from the opening on.
        registration_closes_at: from when they may not any more; None: until the run is closed.
        due_from: from when the days of deadlines count, one of domain.deadlines.DUE_FROM; in a self-paced run from when
            a learner gets a place, in others from the start of the run, unless the plan says it.
    """

    run_id: str
    course_id: str
    course_version: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None = None
    pacing: str = "instructor"
    seat_offer_hours: int | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    waitlist_limit: int | UnsetType | None = UNSET
    late: LatePolicy | UnsetType | None = UNSET
    registration_opens_at: datetime | UnsetType | None = UNSET
    registration_closes_at: datetime | UnsetType | None = UNSET
    due_from: str | UnsetType = UNSET


async def schedule_run(command: ScheduleRun, log: Log) -> Position:
    course = await log.read(Course, course_stream(command.course_id))
    if not course.exists:
        raise CourseNotFound(course_id=command.course_id)
    if command.course_version not in course.versions:
        raise BadSchedule(
            f"course {command.course_id} has no version {command.course_version}", version=command.course_version
        )
    run = await log.load(Run, run_stream(command.run_id))
    more = {name: getattr(command, name) for name in LEFT_OUT}
    for name in [name for name, value in more.items() if value is UNSET]:  # a repeated command changes nothing
        more[name] = getattr(run, name) if run.exists else LEFT_OUT[name]
    more["due_from"] = more["due_from"] or (FROM_ENROLLMENT if command.pacing == SELF_PACED else FROM_START)
    run.schedule(
        command.course_id,
        command.course_version,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        capacity=command.capacity,
        pacing=command.pacing,
        cloned_from=run.cloned_from,  # None for a new one; the same plan again changes nothing
        **more,
    )
    return await log.save(run)


@dataclass(frozen=True)
class CloneRun:
    """
    Plan a run as another one was planned, at another time: its dates move along, by the clocks of its zone.

    Attributes:
        run_id: the new run.
        of_run: the run whose plan it has, with the number of seats of today.
        course_version: the version that it follows; None for the newest one.
    """

    run_id: str
    of_run: str
    starts_at: datetime
    course_version: int | None = None


async def clone_run(command: CloneRun, log: Log) -> Position:
    old = await log.read(Run, run_stream(command.of_run))
    if not old.exists or old.starts_at is None or old.ends_at is None:
        raise RunNotFound(run_id=command.of_run)
    course = await log.read(Course, course_stream(old.course_id))
    version = course.latest if command.course_version is None else command.course_version
    if version not in course.versions:
        raise BadSchedule(f"course {old.course_id} has no version {version}", version=version)
    run = await log.load(Run, run_stream(command.run_id))
    start, zone = old.starts_at, old.time_zone
    opens, closes = (
        None if at is None else moved(at, start, command.starts_at, zone)
        for at in (old.registration_opens_at, old.registration_closes_at)
    )
    run.schedule(
        old.course_id,
        version,
        starts_at=command.starts_at,
        ends_at=moved(old.ends_at, start, command.starts_at, zone),
        registration_opens_at=opens,
        registration_closes_at=closes,
        cloned_from=command.of_run,
        **{name: getattr(old, name) for name in CLONED},
    )
    return await log.save(run)


@dataclass(frozen=True)
class OpenRun:
    """Let a run admit learners."""

    run_id: str


async def open_run(command: OpenRun, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    run.open()
    return await log.save(run)


@dataclass(frozen=True)
class CloseRun:
    """End the admission of learners to a run."""

    run_id: str


async def close_run(command: CloseRun, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    run.close()
    return await log.save(run)


@dataclass(frozen=True)
class ChangeRunVersion:
    """Let a run follow another version of its course; learners who have not completed it follow by a reaction."""

    run_id: str
    course_version: int


async def change_run_version(command: ChangeRunVersion, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    if run.exists and command.course_version not in (await log.read(Course, course_stream(run.course_id))).versions:
        raise VersionNotFound(course_id=run.course_id, version=command.course_version)
    run.follow_version(command.course_version, log.context.at)
    return await log.save(run)


@dataclass(frozen=True)
class ChangeCapacity:
    """
    Give a run more or fewer seats; a reaction brings those who sit and wait in line with it.

    Attributes:
        excess: what becomes of those who sit when fewer seats are left: one of domain.capacity.EXCESS_POLICIES.
    """

    run_id: str
    capacity: int
    excess: str = EXCESS_STAYS


async def change_capacity(command: ChangeCapacity, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    run.change_capacity(command.capacity, command.excess)
    return await log.save(run)
