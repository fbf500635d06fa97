"""Use cases of question banks."""

import pytest

from commands.question_bank import (
    AddQuestion,
    ChangeQuestion,
    CreateQuestionBank,
    RenameQuestionBank,
    RestoreQuestion,
    RetireQuestion,
)
from domain.question_bank import BankNotFound
from domain.questions.key import TrueFalseKey
from domain.questions.question import TrueFalse
from domain.questions.sections import Label
from tests.support.usecases import Campus

ASKED, OTHER = (TrueFalse(question_id="q1", text=f"Is {number} prime?") for number in (2, 3))
KEY, LABEL = TrueFalseKey(right=True), Label(title="Primes")


async def test_the_life_of_a_question(empty: Campus) -> None:
    """Every use case, once and once more; a change is one or two facts."""
    create = CreateQuestionBank("algebra", "Algebra")
    add = AddQuestion("algebra", LABEL, ASKED, KEY)
    commands = [
        (create, ["question_bank.created"]),
        (RenameQuestionBank("algebra", "Algebra I"), ["question_bank.renamed"]),
        (add, ["question.added"]),
        (ChangeQuestion("algebra", Label(title="Three"), OTHER, KEY), ["question.revised", "question.relabelled"]),
        (RetireQuestion("algebra", "q1", "too easy"), ["question.retired"]),
        (RestoreQuestion("algebra", "q1", "it is not"), ["question.restored"]),
    ]
    for command, types in commands:
        facts = await empty.facts(command)
        assert [fact.type for fact in facts] == types
        assert await empty.facts(command) == []
    assert await empty.facts(add) == []


async def test_a_question_needs_a_bank(empty: Campus) -> None:
    """It says which one."""
    with pytest.raises(BankNotFound, match="no question bank music: create it first"):
        await empty.facts(AddQuestion("music", LABEL, ASKED, KEY))
