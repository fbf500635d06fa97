"""The sample campus: courses that are sound, a plan that is always the same, and a log with something of everything."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from adapters.auth.sample_people import SAMPLE_PEOPLE
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.catalog.structure import Structure
from domain.catalog.structure_rules import problems_of
from domain.quiz import Quiz, quiz_stream
from tests.support.oulad import stored
from workers.consistency.log_check import check
from workers.seeding.sample import SampleRefused, seed_sample
from workers.seeding.sample.cast import ADA, EVERYONE, LEARNERS
from workers.seeding.sample.run import plan
from workers.seeding.sample.shelf import WrittenCourse, courses
from workers.seeding.sample.timetable import RUNS, Step, catalog_steps

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
EXPECTED = (
    "announcement.published", "appeal.answered", "appeal.made", "attempt.grade_overridden", "attempt.graded",
    "attempt.hint_shown", "attempt.item_graded", "attempt.regraded", "course.version_published",
    "course_draft.unit_added", "dispute.opened", "enrollment.completed", "enrollment.extension_granted",
    "enrollment.waitlisted", "enrollment.withdrawn", "entitlement.granted", "order.cancelled", "order.paid",
    "order.refunded", "progress.course_outcome_decided", "progress.credential_issued", "progress.unit_completed",
    "regrade.committed", "role.granted", "run.closed", "user.invited", "viewing.watched",
)  # fmt: skip
FEW = 12  # refusals that other learners' luck may bring


@pytest.mark.slow
async def test_there_is_something_of_everything_and_only_once(settings: Settings) -> None:
    """Nothing is still to come, what follows has its cause, and a second time changes nothing."""
    first = await seed_sample(settings)
    facts = await stored(settings)
    found = Counter(fact[3] for fact in facts)
    assert [name for name in EXPECTED if not found[name]] == []
    assert found["attempt.submitted"] > found["attempt.graded"]  # some wait to be graded
    assert found["attempt.started"] > found["attempt.submitted"]  # some run
    assert len(first.refused) < FEW, first.refused
    assert max(fact[6] for fact in facts) <= datetime.now(UTC)
    log = await PostgresLog.open(settings)
    caused = await log.read(0, len(facts), ["progress.credential_issued"])
    await log.close()
    assert all(fact.meta.actor == "reactor" and fact.meta.causation_id for fact in caused)
    assert (await check(settings, len(facts))).count == 0
    assert (await seed_sample(settings)).facts == 0
    assert await stored(settings) == facts


async def test_a_campus_without_accounts_is_refused(settings: Settings) -> None:
    """The people would have no names."""
    with pytest.raises(SampleRefused, match="set CAMPUS_MASTER_KEYS"):
        await seed_sample(settings.model_copy(update={"master_keys": ""}))


def of_learner(steps: list[Step], learner_id: str) -> list[Step]:
    """What a learner does, but for what is done to the account."""
    return [step for step in steps if step.actor == learner_id and hasattr(step.command, "run_id")]


def test_the_plan_is_always_the_same() -> None:
    """For the same time and seed, in the order of time; nothing is still to come."""
    steps = plan(NOW, {})
    assert steps == plan(NOW, {}) != plan(NOW, {}, seed=17)
    assert all(before.at <= after.at for before, after in pairwise(steps))
    assert steps[-1].at <= NOW


def test_the_week_is_lively() -> None:
    """On each day of it people are there, and the sample learner is among those of the last days."""
    steps = plan(NOW, {})
    days = Counter((NOW - step.at).days for step in steps)
    assert all(days[day] > 20 for day in range(7)), days
    assert any(NOW - step.at < timedelta(days=4) for step in of_learner(steps, ADA.learner_id))
    asked = {step.command.run_id for step in of_learner(steps, ADA.learner_id)}
    assert len(asked) >= 5


def test_people_have_names_of_their_own() -> None:
    """By name, address and id; the five sample people are among them, with their own ids."""
    for field in ("learner_id", "name", "email"):
        assert len({getattr(person, field) for person in EVERYONE}) == len(EVERYONE)
    assert len(LEARNERS) >= 58
    assert {each.learner_id for each in SAMPLE_PEOPLE.values()} <= {person.learner_id for person in EVERYONE}


@pytest.mark.parametrize("course", courses().values(), ids=lambda course: course.course_id)
def test_a_course_is_sound(course: WrittenCourse) -> None:
    """Its units make 100 %, each has a text, its quizzes can be published, and each is taught and run."""
    (publish,) = [
        step.command
        for step in catalog_steps(NOW, {})
        if type(step.command).__name__ == "PublishCourse" and step.command.course_id == course.course_id
    ]
    structure = Structure(publish.units, sections=list(publish.sections), letters=list(publish.letters))
    assert sum(unit.weight for unit in publish.units) == 10_000
    assert list(problems_of(structure)) == []
    assert all(len(unit.text.split()) > 60 for unit in course.units if unit.kind == "text")
    assert any(run.course is course for run in RUNS)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.run_id)
def test_quizzes_are_sound(run: Any) -> None:
    """Questions and keys belong together; work that people grade has a rubric and what learners have written."""
    quizzes = [step.command for step in catalog_steps(NOW, {}) if type(step.command).__name__ == "PublishQuiz"]
    for each in (quiz for quiz in quizzes if quiz.run_id == run.run_id):
        quiz = Quiz.blank(quiz_stream(each.quiz_id))
        quiz.publish(
            *(each.run_id, each.unit_id, each.kind, each.title),
            time_limit=each.time_limit,
            attempts_allowed=each.attempts_allowed,
            pass_bp=each.pass_bp,
            rules=each.rules,
            questions=each.questions,
            keys=each.keys,
        )
        assert quiz.current.questions
    for unit in run.course.graded:
        assert bool(unit.answers) == unit.is_graded_by_people
