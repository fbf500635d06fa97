"""
Catalog: the courses with their versions, the runs, and the quizzes without their keys.

Reads     facts of domain.catalog, domain.quiz's publications and the cohorts of runs, in log order.
Writes    courses, structures (one row per version), runs, quizzes; to be searched: courses that have a version, words,
          and the titles within a course.
Serves    api.catalog.courses, api.catalog.runs and api.quiz, with rows from adapters.postgres.queries.catalog, and
          api.catalog.search, from adapters.postgres.queries.course_search.
Rebuild   campus projections rebuild catalog (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.deadlines import FROM_START
from domain.fact import Fact
from domain.streams import named_id
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table
from projections.engine.words import Lexemes, Weight, lexemes, words_of


class CatalogCourse(msgspec.Struct):
    """A course; `versions` counts those published."""

    course_id: str
    title: str = ""
    summary: str = ""
    language: str = ""
    versions: int = 0
    created_at: datetime | None = None


class CatalogStructure(msgspec.Struct):
    """One published version of a course, with its units as they were published."""

    course_id: str
    version: int
    units: list[dict[str, Any]] = []
    completion_rule: str = ""
    grading_policy: str = ""
    structure_hash: str = ""
    published_at: datetime | None = None
    groups: list[dict[str, Any]] = []
    sections: list[dict[str, Any]] = []
    letters: list[dict[str, Any]] = []
    prerequisites: list[dict[str, Any]] = []


class RunCohort(msgspec.Struct, frozen=True):
    """Learners of a run who begin together; the days of their deadlines count from then."""

    cohort_id: str
    name: str
    begins_at: datetime


class CatalogRun(msgspec.Struct):
    """
    A course run; status is `scheduled`, `open` or `closed`. It is called as its course is, by the row of that.

    Capacity and waitlist_limit are None where there is no limit, seat_offer_hours where seats are given at once.

    Attributes:
        due_from: from when the days of deadlines count, one of domain.deadlines.DUE_FROM.
        cohorts: with `cohort_id`, `name` and `begins_at`, in the order in which they begin.
    """

    run_id: str
    course_id: str = ""
    course_version: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    capacity: int | None = None
    pacing: str = ""
    time_zone: str = "UTC"
    status: str = "scheduled"
    seat_offer_hours: int | None = None
    waitlist_limit: int | None = None
    late: dict[str, Any] | None = None
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    due_from: str = FROM_START
    cohorts: list[RunCohort] = []


class CatalogQuiz(msgspec.Struct):
    """A quiz as learners may see it: without its key."""

    quiz_id: str
    version: int = 0
    run_id: str = ""
    unit_id: str = ""
    kind: str = ""
    title: str = ""
    items: list[dict[str, Any]] = []
    time_limit: int | None = None
    attempts_allowed: int = 1
    due_at: datetime | None = None
    pass_bp: int = 0


class CatalogSearch(msgspec.Struct):
    """
    A course that has a version, as searches find it.

    Attributes:
        kinds: of the units of its newest version, each once; `kind_list` has them as one text, with a space before and
            after each: PostgreSQL compares and groups by that many times faster.
        heading: the words of its title and id.
        words: those, and the words of its summary and of the titles of the sections and units of its newest version.
    """

    course_id: str
    language: str = ""
    kinds: list[str] = []
    heading: Lexemes = Lexemes("")
    words: Lexemes = Lexemes("")
    kind_list: str = ""


class CatalogOutline(msgspec.Struct):
    """The titles of the sections and units of a course's newest version, with which it is made searchable again."""

    course_id: str
    sections: list[str] = []
    units: list[str] = []


class CatalogWord(msgspec.Struct):
    """A word that a course has or has had, for what is asked for by almost that word."""

    word: str


COURSES = Table("catalog_courses", CatalogCourse, ("course_id",))
STRUCTURES = Table("catalog_structures", CatalogStructure, ("course_id", "version"))
RUNS = Table("catalog_runs", CatalogRun, ("run_id",), indexes=(("course_id",),))
QUIZZES = Table("catalog_quizzes", CatalogQuiz, ("quiz_id",), indexes=(("run_id",),))
SEARCH = Table(
    "catalog_search",
    CatalogSearch,
    ("course_id",),
    indexes=(("course_id", "language", "kind_list"),),  # all that is counted of every course, without its words
    searched=("words",),
)
OUTLINES = Table("catalog_outlines", CatalogOutline, ("course_id",))
WORDS = Table("catalog_words", CatalogWord, ("word",), searched=("word",))

_course, _run, _quiz = named_id("course_id"), named_id("run_id"), named_id("quiz_id")


def _needs_course(fact: Fact) -> Iterable[RowKey]:
    course_id = _course(fact.stream_id)
    return RowKey(COURSES, (course_id,)), *_word_keys(_words_of_course(course_id, fact))


def _words_of_course(course_id: str, fact: Fact) -> set[str]:
    return {word for text in (course_id, fact.data["title"], fact.data["summary"]) for word in words_of(text)}


def _needs_description(fact: Fact) -> Iterable[RowKey]:
    course_id = _course(fact.stream_id)
    ours = RowKey(COURSES, (course_id,)), RowKey(SEARCH, (course_id,)), RowKey(OUTLINES, (course_id,))
    return *ours, *_word_keys(set(words_of(fact.data["new"])))


def _words_of_version(fact: Fact) -> set[str]:
    titled = (*fact.data["units"], *fact.data.get("sections", ()))
    return {word for each in titled for word in words_of(each["title"])}


def _word_keys(words: Iterable[str]) -> Iterable[RowKey]:
    return (RowKey(WORDS, (word,)) for word in words)


def _needs_structure(fact: Fact) -> Iterable[RowKey]:
    course_id = _course(fact.stream_id)
    ours = (
        RowKey(COURSES, (course_id,)),
        RowKey(SEARCH, (course_id,)),
        RowKey(OUTLINES, (course_id,)),
        RowKey(STRUCTURES, (course_id, fact.data["version"])),
    )
    return *ours, *_word_keys(_words_of_version(fact))


def _needs_new_run(fact: Fact) -> Iterable[RowKey]:
    """Its own row, and that of its course, which has its title: who folds the run as of a moment needs both."""
    return RowKey(RUNS, (_run(fact.stream_id),)), RowKey(COURSES, (fact.data["course_id"],))


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(RUNS, (_run(fact.stream_id),)),)


def _needs_quiz(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(QUIZZES, (_quiz(fact.stream_id),)),)


def _course_created(fact: Fact, rows: Rows) -> None:
    course = rows.edit(COURSES, CatalogCourse, _course(fact.stream_id))
    course.title, course.summary, course.language = (fact.data[name] for name in ("title", "summary", "language"))
    course.created_at = fact.occurred_at
    _keep_words(rows, _words_of_course(course.course_id, fact))


def _described(field: str) -> Handler:
    """A course says something else about itself, and is found by that."""

    def apply(fact: Fact, rows: Rows) -> None:
        course = rows.edit(COURSES, CatalogCourse, _course(fact.stream_id))
        setattr(course, field, fact.data["new"])
        _keep_words(rows, set(words_of(fact.data["new"])))
        outline = rows.read(OUTLINES, CatalogOutline, course.course_id)
        if outline is not None:
            _make_searchable(rows, course, outline)

    return Handler(_needs_description, apply, writes=(COURSES, SEARCH, WORDS))


def _keep_words(rows: Rows, words: Iterable[str]) -> None:
    for word in words:
        if rows.read(WORDS, CatalogWord, word) is None:
            rows.edit(WORDS, CatalogWord, word)


def _version_published(fact: Fact, rows: Rows) -> None:
    course_id, data = _course(fact.stream_id), fact.data
    course = rows.edit(COURSES, CatalogCourse, course_id)
    course.versions += 1
    structure = rows.edit(STRUCTURES, CatalogStructure, course_id, data["version"])
    structure.units = data["units"]
    structure.completion_rule, structure.grading_policy = data["completion_rule"], data["grading_policy"]
    structure.groups, structure.sections = data.get("groups", []), data.get("sections", [])
    structure.letters, structure.prerequisites = data.get("letters", []), data.get("prerequisites", [])
    structure.structure_hash, structure.published_at = data["structure_hash"], fact.occurred_at
    outline = rows.edit(OUTLINES, CatalogOutline, course_id)
    outline.sections = [each["title"] for each in data.get("sections", ())]
    outline.units = [each["title"] for each in data["units"]]
    found = rows.edit(SEARCH, CatalogSearch, course_id)
    found.kinds = sorted({unit["kind"] for unit in data["units"]})
    found.kind_list = f" {' '.join(found.kinds)} "
    _make_searchable(rows, course, outline)
    _keep_words(rows, _words_of_version(fact))


def _make_searchable(rows: Rows, course: CatalogCourse, outline: CatalogOutline) -> None:
    """A course is found from its first version on, by what it says now and what its newest version says."""
    found = rows.edit(SEARCH, CatalogSearch, course.course_id)
    found.language = course.language
    heading: list[tuple[str, Weight]] = [(course.title, "A"), (course.course_id, "A")]
    found.heading = lexemes(heading)
    sections: list[tuple[str, Weight]] = [(title, "C") for title in outline.sections]
    found.words = lexemes([*heading, (course.summary, "B"), *sections, *((title, "D") for title in outline.units)])


def _run_scheduled(fact: Fact, rows: Rows) -> None:
    data = fact.data
    run = rows.edit(RUNS, CatalogRun, _run(fact.stream_id))
    run.course_id, run.course_version = data["course_id"], data["course_version"]
    run.starts_at, run.ends_at = datetime.fromisoformat(data["starts_at"]), datetime.fromisoformat(data["ends_at"])
    run.capacity, run.pacing, run.time_zone = data["capacity"], data["pacing"], data.get("time_zone", "UTC")
    run.seat_offer_hours, run.waitlist_limit = data.get("seat_offer_hours"), data.get("waitlist_limit")
    run.late, run.due_from = data.get("late"), data.get("due_from", FROM_START)
    run.registration_opens_at = _time(data.get("registration_opens_at"))
    run.registration_closes_at = _time(data.get("registration_closes_at"))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _run_opened(fact: Fact, rows: Rows) -> None:
    rows.edit(RUNS, CatalogRun, _run(fact.stream_id)).status = "open"


def _run_closed(fact: Fact, rows: Rows) -> None:
    rows.edit(RUNS, CatalogRun, _run(fact.stream_id)).status = "closed"


def _capacity_changed(fact: Fact, rows: Rows) -> None:
    rows.edit(RUNS, CatalogRun, _run(fact.stream_id)).capacity = fact.data["new"]


def _cohort_planned(fact: Fact, rows: Rows) -> None:
    """A cohort is made, or has another name or begin."""
    run, cohort_id, new = rows.edit(RUNS, CatalogRun, _run(fact.stream_id)), fact.id("cohort_id"), fact.data
    name, begins_at = (new["name"], new["begins_at"]) if "name" in new else (new["new_name"], new["new_begins_at"])
    cohorts = [each for each in run.cohorts if each.cohort_id != cohort_id]
    cohorts.append(RunCohort(cohort_id, name, datetime.fromisoformat(begins_at)))
    run.cohorts = sorted(cohorts, key=lambda each: (each.begins_at, each.cohort_id))


def _version_changed(fact: Fact, rows: Rows) -> None:
    rows.edit(RUNS, CatalogRun, _run(fact.stream_id)).course_version = fact.data["new"]


def _quiz_published(fact: Fact, rows: Rows) -> None:
    data = fact.data
    quiz = rows.edit(QUIZZES, CatalogQuiz, _quiz(fact.stream_id))
    quiz.version, quiz.run_id, quiz.unit_id = data["version"], data["run_id"], data["unit_id"]
    quiz.kind, quiz.title = data["kind"], data["title"]
    quiz.items = [] if data.get("rules", {}).get("must_start") else data["items"]  # shown in started attempts only
    quiz.time_limit, quiz.attempts_allowed = data["time_limit"], data["attempts_allowed"]
    quiz.due_at = datetime.fromisoformat(data["due_at"]) if data["due_at"] else None
    quiz.pass_bp = data["pass_bp"]


class Catalog(Projection):
    """What there is to learn, and when."""

    name = "catalog"
    version = 8
    store = "postgres"
    tables = (COURSES, STRUCTURES, RUNS, QUIZZES, SEARCH, WORDS, OUTLINES)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "course.created": Handler(_needs_course, _course_created, writes=(COURSES, WORDS)),
        "course.version_published": Handler(
            _needs_structure, _version_published, writes=(COURSES, STRUCTURES, SEARCH, WORDS, OUTLINES)
        ),
        "course.renamed": _described("title"),
        "course.summary_changed": _described("summary"),
        "course.language_changed": _described("language"),
        "run.scheduled": Handler(_needs_new_run, _run_scheduled, writes=(RUNS,)),
        "run.opened": Handler(_needs_run, _run_opened, writes=(RUNS,)),
        "run.closed": Handler(_needs_run, _run_closed, writes=(RUNS,)),
        "run.capacity_changed": Handler(_needs_run, _capacity_changed, writes=(RUNS,)),
        "run.version_changed": Handler(_needs_run, _version_changed, writes=(RUNS,)),
        "cohort.planned": Handler(_needs_run, _cohort_planned, writes=(RUNS,)),
        "cohort.changed": Handler(_needs_run, _cohort_planned, writes=(RUNS,)),
        "quiz.published": Handler(_needs_quiz, _quiz_published, writes=(QUIZZES,)),
    }
