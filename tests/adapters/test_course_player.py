"""The player of a course: what each unit is for the learner now, and why."""

from datetime import timedelta
from typing import Any

from adapters.course_player import CoursePlayer, PlayerUnit, last_unit, player_of
from adapters.postgres.queries.run_outline import QuizOfUnit, RunOutline
from adapters.shown_dashboard import ShownCourse, ShownRecent
from domain.catalog import Caption, Content, Section, Unit
from projections.learner_dashboard.rows import Deadline, NextUnit
from tests.support.usecases import END, START

NOW = START + timedelta(days=20)
FILM = Unit(
    "film", "video", "Groups", content=Content("0" * 64, "video/mp4", 7), captions=[Caption("en", "English", "1" * 64)]
)
UNITS = [
    Unit("intro", "page", "Begin here"),
    FILM,
    Unit("q1", "quiz", "Equations", weight=10_000, after=["intro", "film"]),
    Unit("more", "link", "More", url="https://campus.example/more"),
]
SECTIONS = [Section("basics", "Basics", ["intro", "film"]), Section("rest", "Rest", ["q1", "more"])]
QUIZ = QuizOfUnit(quiz_id="equations", unit_id="q1", title="Equations", time_limit=600, attempts_allowed=2)
OUTLINE = RunOutline(
    run_id="r",
    course_id="c",
    course_version=1,
    time_zone="UTC",
    starts_at=START,
    ends_at=END,
    units=UNITS,
    sections=SECTIONS,
    quizzes=[QUIZ],
)


def entry(**more: Any) -> ShownCourse:
    """What the dashboard has about the run: the first unit is completed, the second one begun."""
    deadlines = [Deadline("q1", "Equations", START + timedelta(days=14))]
    course = ShownCourse(run_id="r", course_id="c", title="Algebra", status="active", ends_at=END, deadlines=deadlines)
    course.completed, course.opened, course.next_unit = ["intro"], ["intro", "film"], NextUnit("film", "Groups")
    for name, value in more.items():
        setattr(course, name, value)
    return course


def units(player: CoursePlayer) -> dict[str, PlayerUnit]:
    """The units of all sections."""
    return {unit.unit_id: unit for section in player.sections for unit in section.units}


def why(unit: PlayerUnit) -> list[tuple[str, list[str]]]:
    """Why a unit is locked."""
    return [(lock.reason, lock.units) for lock in unit.locks]


def test_each_unit_says_what_it_is_for_the_learner() -> None:
    """Completed, begun, open, or locked by what has to be completed before; with deadline, content and quizzes."""
    player = player_of(OUTLINE, entry(), NOW, last=FILM, position_ms=1_500, accepted_until={"q1": END})
    found = units(player)
    states = {unit_id: unit.state for unit_id, unit in found.items()}
    assert states == {"intro": "completed", "film": "begun", "q1": "locked", "more": "open"}
    assert why(found["q1"]) == [("units_before", ["film"])]
    assert [(each.section_id, each.completed, len(each.units)) for each in player.sections] == [
        ("basics", 1, 2),
        ("rest", 0, 2),
    ]
    assert (found["q1"].due_at, found["q1"].overdue) == (START + timedelta(days=14), True)
    assert (found["q1"].accepted_until, found["film"].accepted_until) == (END, None)
    assert (found["q1"].quizzes, found["film"].quizzes) == ([QUIZ], [])
    film = found["film"]
    path = "/v1/runs/r/units/film"
    assert (film.page, film.content, film.captions) == (
        f"{path}/page",
        f"{path}/content",
        {"en": f"{path}/captions/en"},
    )
    assert (film.viewing, found["intro"].viewing) == ("/v1/me/runs/r/units/film/viewing", None)
    assert (found["more"].url, found["q1"].page) == ("https://campus.example/more", None)
    assert (player.next, player.resume and player.resume.position_ms) == (NextUnit("film", "Groups"), 1_500)


def test_without_a_place_everything_is_locked() -> None:
    """A learner who waits sees the structure, and no content."""
    player = player_of(OUTLINE, entry(status="waitlisted", completed=[], opened=[]), NOW, last=None, position_ms=None)
    assert {tuple(unit.locks[0].reason for _ in unit.locks) for unit in units(player).values()} == {("no_place",)}
    assert {unit.page for unit in units(player).values()} == {None}
    assert (player.next, player.resume) == (None, None)


def test_after_the_end_what_is_there_can_be_read() -> None:
    """Nothing is overdue or next any more, and nothing can be done."""
    player = player_of(OUTLINE, entry(), END, last=FILM, position_ms=None)
    found = units(player)
    assert (player.status, player.next) == ("ended", None)
    assert (found["film"].state, why(found["film"]), found["film"].overdue) == ("locked", [("run_over", [])], False)
    assert found["film"].content is not None
    assert found["intro"].state == "completed"


def test_a_run_is_not_over_for_who_has_more_time() -> None:
    """The units with an extension are open until it ends, and the first of them is next; all others are locked."""
    more = END + timedelta(days=5)
    granted: dict[str, Any] = {
        "deadlines": [Deadline("film", "Groups", END - timedelta(days=1)), Deadline("more", "More", more)],
        "extensions": {"more": more, "film": END - timedelta(days=9)},
    }
    for now, is_over in ((END, False), (more, False), (more + timedelta(seconds=1), True)):
        player = player_of(OUTLINE, entry(**granted), now, last=None, position_ms=None)
        found = units(player)
        assert why(found["film"]) == [("run_over", [])]
        assert why(found["more"]) == ([("run_over", [])] if is_over else [])
        assert player.status == ("ended" if is_over else "active")
        assert player.next == (None if is_over else NextUnit("more", "More"))


def test_a_course_without_sections_has_one() -> None:
    """With all units, in their order."""
    outline = RunOutline(**{name: getattr(OUTLINE, name) for name in OUTLINE.__struct_fields__} | {"sections": []})
    (section,) = player_of(outline, entry(), NOW, last=None, position_ms=None).sections
    assert (section.section_id, [unit.unit_id for unit in section.units]) == ("", ["intro", "film", "q1", "more"])


def test_the_last_unit_is_that_of_the_latest_activity_on_the_run() -> None:
    """Else the last one that was opened; one that the version does not have is passed over."""
    at: dict[str, Any] = {"position": 1, "type": "progress.unit_opened", "at": NOW, "title": ""}
    recent = [ShownRecent(run_id=run, unit_id=unit, **at) for run, unit in (("x", "q1"), ("r", "gone"), ("r", "more"))]
    assert last_unit(OUTLINE, entry(), recent) == UNITS[3]
    assert last_unit(OUTLINE, entry(), recent[:2]) == FILM
    assert last_unit(OUTLINE, entry(opened=[]), []) is None
