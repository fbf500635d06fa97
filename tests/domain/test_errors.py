"""An error says one sentence about its facts, and carries these for programs."""

import pytest

from domain.errors import BadIdentifier, Conflict, DomainError, NotFound


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
