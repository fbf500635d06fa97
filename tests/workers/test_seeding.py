"""The synthetic campus is believable, always the same, and seeded once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.postgres.log.append import Append, Appended, Appender
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from domain.catalog import structure_hash
from tests.support.oulad import stored
from workers.consistency.log_check import check
from workers.seeding import SAMPLE_LOGINS, SeedRefused, seed
from workers.seeding.catalog import COURSES, items_and_key
from workers.seeding.learners import names
from workers.seeding.run import plan
from workers.seeding.terms import PRICES, TERMS

TODAY = datetime(2026, 5, 4, tzinfo=UTC)
FEW = 40  # learners


def counts(facts: list[tuple[Any, ...]]) -> Counter[str]:
    """How many facts there are of each type."""
    return Counter(fact[3] for fact in facts)


async def test_a_second_time_changes_nothing(settings: Settings) -> None:
    """And the log is whole."""
    first = await seed(settings, FEW)
    facts = await stored(settings)
    again = await seed(settings, FEW)
    assert first.facts == first.position == len(facts) > 10 * FEW
    assert again.facts == 0
    assert await stored(settings) == facts
    assert (await check(settings, len(facts))).count == 0
    assert {fact[-1] for fact in facts} == {"seed"}


async def test_there_is_something_of_everything(settings: Settings) -> None:
    """People wait and get a seat, leave, pass and fail; nothing has happened that is still to come."""
    await seed(settings, 80)
    facts = await stored(settings)
    found = counts(facts)
    for name in (
        "enrollment.waitlisted",
        "enrollment.withdrawn",
        "enrollment.completed",
        "progress.activity_recorded",
        "attempt.graded",
        "progress.course_outcome_decided",
        "run.closed",
    ):
        assert found[name] > 0, name
    assert found["course.created"] == len(COURSES)
    assert found["run.scheduled"] == len(TERMS) + 1  # one is for sale
    assert (found["product.created"], found["product.price_changed"]) == (1, len(PRICES))
    assert max(fact[6] for fact in facts) <= datetime.now(UTC)
    assert any(fact[1].startswith(f"enrollment-{SAMPLE_LOGINS[2]}:") for fact in facts)


async def test_one_that_was_interrupted_goes_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that was carried out is known by its key."""
    done = 0

    async def append(self: Appender, unit: Append) -> Appended:
        nonlocal done
        done += 1
        if done > 300:
            raise ConnectionError
        return await self._batcher.submit(unit)

    with monkeypatch.context() as patch:
        patch.setattr(Appender, "append", append)
        with pytest.raises(ConnectionError):
            await seed(settings, FEW)
    interrupted = len(await stored(settings))
    await seed(settings, FEW)
    facts = await stored(settings)
    assert 0 < interrupted < len(facts)
    assert (await check(settings, len(facts))).count == 0
    assert max(Counter((fact[1], fact[3], fact[5], fact[6]) for fact in facts).values()) == 1


async def test_another_population_is_refused(settings: Settings) -> None:
    """Two on top of each other would be neither."""
    await seed(settings, 5)
    with pytest.raises(SeedRefused, match="already: 5 learners, seed 7, not 6 learners, seed 7"):
        await seed(settings, 6)


def test_the_same_seed_makes_the_same_plan() -> None:
    """And another seed another one; on another day all of it is just as much later."""
    assert plan(TODAY, FEW, 7) == plan(TODAY, FEW, 7) != plan(TODAY, FEW, 8)
    later = plan(TODAY + timedelta(days=3), FEW, 7)
    assert [step.at - timedelta(days=3) for step in later] == [step.at for step in plan(TODAY, FEW, 7)]


def test_the_plan_is_in_the_order_of_time() -> None:
    """It ends today, and no learner does anything before asking for a place."""
    steps = plan(TODAY, FEW, 7)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert steps[-1].at <= TODAY
    asked: set[tuple[str, str]] = set()
    for step in steps:
        run_id, learner_id = getattr(step.command, "run_id", ""), getattr(step.command, "learner_id", "")
        if isinstance(step.command, RequestEnrollment):
            asked.add((learner_id, run_id))
        elif learner_id and run_id:
            assert (learner_id, run_id) in asked


def test_names_are_different() -> None:
    """However many learners there are."""
    assert len(set(names(2_500))) == 2_500
    assert names(2) == ["ada-lovelace-001", "alan-turing-002"]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.course_id)
def test_courses_are_sound(course: Any) -> None:
    """Units have their own ids and weigh 100 % together; the right answers are not always the first."""
    units = course.units()
    assert sum(unit.weight for unit in units) == 10_000
    assert structure_hash(units) == structure_hash(course.units())
    assert [course.week_of(unit.unit_id) for unit in units] == sorted(course.week_of(unit.unit_id) for unit in units)
    keys = [items_and_key(quiz)[1] for quiz in course.quizzes]
    assert len({index for key in keys for index in key}) > 1
