"""An error says one sentence about its facts, and carries these for programs."""

from string import Formatter

import pytest

from domain.catalog import CourseNotFound, RunNotFound, VersionNotFound
from domain.enrollment import HasWithdrawn, NoAccess, NotActive, NotEnrolled, RunClosed
from domain.errors import BadIdentifier, Conflict, DomainError, NotFound
from domain.quiz import QuizNotFound
from domain.registry import BY_CATEGORY


class SeatTaken(Conflict):
    """An error as contexts write it."""

    code = "seat_taken"
    template = "seat {seat} of run {run_id} is taken: {run_id} has no other"


def test_a_template_takes_its_facts_by_name() -> None:
    """The sentence and the facts come from the same values, each named once."""
    error = SeatTaken(seat=7, run_id="algebra-1")
    assert str(error) == error.sentence == "seat 7 of run algebra-1 is taken: algebra-1 has no other"
    assert error.facts == {"seat": 7, "run_id": "algebra-1"}


def test_a_sentence_with_a_hole_is_never_shown() -> None:
    """A fact that the template names and the caller does not is a mistake of the code."""
    with pytest.raises(KeyError, match="run_id"):
        SeatTaken(seat=7)


@pytest.mark.parametrize(("error", "sentence"), [(SeatTaken, "seat 7 is taken"), (NotFound, "")])
def test_an_error_has_one_sentence(error: type[DomainError], sentence: str) -> None:
    """It comes from the template or from the caller, not from both, and not from neither."""
    with pytest.raises(TypeError, match="takes"):
        error(sentence)


def test_an_error_without_template_takes_its_sentence() -> None:
    """Where one class has several sentences, the facts are given by name."""
    error = NotFound("there is no seat 9", seat=9)
    assert (error.sentence, error.facts) == ("there is no seat 9", {"seat": 9})


def test_a_value_is_no_part_of_the_template() -> None:
    """Braces in what a user has sent stay as they are."""
    assert BadIdentifier("{run_id}").sentence.startswith("'{run_id}' is not an id")


def errors(cls: type[DomainError]) -> set[type[DomainError]]:
    """A class of errors and all that it has become."""
    return {cls}.union(*(errors(sub) for sub in cls.__subclasses__()))


def test_a_code_belongs_to_one_error() -> None:
    """Clients tell errors by their code; only a subclass that is the same to them shares it."""
    own = [cls for cls in errors(DomainError) if "code" in vars(cls)]
    assert len({cls.code for cls in own}) == len(own)


@pytest.mark.parametrize(
    ("error", "stream"),
    [
        (NoAccess(learner_id="ada", run_id="algebra-1", status="withdrawn"), "enrollment-ada:algebra-1"),
        (HasWithdrawn(learner_id="ada", run_id="algebra-1"), "enrollment-ada:algebra-1"),
        (NotActive(learner_id="ada", run_id="algebra-1"), "enrollment-ada:algebra-1"),
        (NotEnrolled(learner_id="ada", run_id="algebra-1"), "enrollment-ada:algebra-1"),
        (RunClosed(run_id="algebra-1"), "run-algebra-1"),
        (RunNotFound(run_id="algebra-1"), "run-algebra-1"),
        (CourseNotFound(course_id="algebra"), "course-algebra"),
        (VersionNotFound(course_id="algebra", version=2), "course-algebra"),
        (QuizNotFound(quiz_id="quiz1"), "quiz-quiz1"),
    ],
)
def test_a_refusal_that_can_pass_names_the_stream_that_lifts_it(error: DomainError, stream: str) -> None:
    """The next fact of that stream may make the same command acceptable."""
    assert (error.can_pass, error.waits_for) == (True, stream)


def test_a_wrong_command_is_refused_for_ever() -> None:
    """It waits for nothing."""
    assert (BadIdentifier("a b").can_pass, BadIdentifier("a b").waits_for) == (False, None)


def test_what_lifts_a_refusal_is_made_of_its_facts() -> None:
    """Every error that names a stream has a fact for each id in it, and the stream's category exists."""
    for cls in errors(DomainError):
        if cls.lifted_by:
            names = {name for _, name, _, _ in Formatter().parse(cls.lifted_by) if name}
            assert names <= {name for _, name, _, _ in Formatter().parse(cls.template) if name}, cls
            assert cls.lifted_by.partition("-")[0] in BY_CATEGORY, cls
