"""The quizzes of a run come along when it is cloned, with all rules, at the times of the new run."""

from datetime import timedelta

import pytest

from commands.catalog import CloneRun
from commands.quiz import CloneQuizzes, CommitRegrade, ProposeRegrade, PublishQuiz
from commands.quiz.cloning import clone_id
from commands.quiz.regrading import Wanted
from domain.fact import Fact, Meta
from domain.late_policy import LatePolicy
from domain.quiz.regrade import NewItem
from domain.quiz.rules import Rules
from tests.support.memory_log import MemoryLog
from tests.support.usecases import COURSE, ITEMS, RUN, RUNS, START, Campus
from workers.reactions.catalog import clone_quizzes

OTHER_KEY = {"kind": "single_choice", "shares": {"0": "1"}}
AGAIN = START + timedelta(weeks=52)
RULES = Rules(
    opens_at=START, closes_at=START + timedelta(days=7), late=LatePolicy("percent_a_day", 1_000, 5), order="shuffled"
)
EQUATIONS = PublishQuiz("equations", RUN, "q1", "Equations", items=ITEMS, key=[1, 0], time_limit=600, rules=RULES)
GROUPS = PublishQuiz(f"{RUN}-q2", RUN, "q2", "Groups", kind="exam", due_at=START + timedelta(days=3), pass_bp=6_000)
CLONE = CloneQuizzes("algebra-2", RUN)


@pytest.fixture
async def cloned() -> Campus:
    """A run with two quizzes, and a clone of it a year later."""
    campus = Campus(MemoryLog())
    await campus.give(*COURSE, *RUNS, EQUATIONS, GROUPS, CloneRun("algebra-2", RUN, AGAIN))
    return campus


async def test_a_clone_has_the_quizzes_with_their_rules(cloned: Campus) -> None:
    """Only what is a time differs: it is as far from the start of the run as it was."""
    exam, equations = await cloned.facts(CLONE)
    assert (exam.stream_id, equations.stream_id) == ("quiz-algebra-2-q2", "quiz-algebra-2-equations")
    assert (exam.data["due_at"], equations.data["due_at"]) == ("2027-02-03T00:00:00Z", "2027-02-14T00:00:00Z")
    (old,) = await cloned.log.stream("quiz-equations")
    moved = {"opens_at": "2027-01-31T00:00:00Z", "closes_at": "2027-02-07T00:00:00Z"}
    expected = {"run_id": "algebra-2", "due_at": "2027-02-14T00:00:00Z", "rules": old.data["rules"] | moved}
    assert equations.data == old.data | expected
    assert await cloned.repeats(CLONE)


async def test_what_was_published_there_meanwhile_is_left(cloned: Campus) -> None:
    """A unit that has a quiz already gets no second one."""
    await cloned.give(PublishQuiz("own", "algebra-2", "q1", "My own"))
    assert [fact.stream_id for fact in await cloned.facts(CLONE)] == ["quiz-algebra-2-q2"]


async def test_a_clone_has_what_regrades_have_made_of_a_quiz() -> None:
    """The key that turned out to be wrong is not carried on."""
    campus = Campus(MemoryLog())
    await campus.give(*COURSE, *RUNS, EQUATIONS)
    wanted = Wanted("equations", items=(NewItem("i1", key=OTHER_KEY),))
    await campus.give(ProposeRegrade(wanted, "the key was wrong", 0, 0), CommitRegrade("equations", 1))
    await campus.give(CloneRun("algebra-2", RUN, AGAIN))
    (clone,) = await campus.facts(CLONE)
    assert [each["question_id"] for each in clone.data["questions"]] == ["i1", "i2"]
    assert clone.data["keys"][0] == OTHER_KEY


def test_ids_of_clones_fit_and_are_found_again() -> None:
    """A long one is a digest."""
    assert clone_id(f"{RUN}.q1", CLONE) == "algebra-2.q1"
    long = clone_id("q" * 60, CLONE)
    assert (len(long), long) == (32, clone_id("q" * 60, CLONE))


@pytest.mark.parametrize(("cloned_from", "command"), [(RUN, CLONE), (None, None)])
def test_only_clones_get_quizzes(cloned_from: str | None, command: CloneQuizzes | None) -> None:
    """A run that was planned by itself has none to take over."""
    meta, data = Meta("e", "admin", source="api"), {"cloned_from": cloned_from}
    assert clone_quizzes(Fact(1, "run-algebra-2", 1, "run.scheduled", 5, 0, data, meta, START, START)) == command
