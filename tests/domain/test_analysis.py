"""What analysts ask in SQL is recorded once in an hour, and queries are saved with their versions."""

import pytest

from domain.admin.analysis import (
    MOST_QUESTIONS,
    Analysis,
    Question,
    SavedQuery,
    SavedQueryNotFound,
    SavedQueryRemoved,
    SavedText,
)
from tests.support.given import Said, fact, given

COUNT = Question(statement="SELECT count(*) FROM facts", format="json")
TEXT = SavedText(name="Facts", statement="SELECT count(*) FROM facts")
WIDER = SavedText(name="Facts", statement="SELECT * FROM facts")


def asked(statement: str = COUNT.statement, format: str = "json", refused: str | None = None) -> Said:  # noqa: A002
    """A question that has one row for an answer, or none."""
    rows = None if refused else 1
    return fact(Analysis.Asked, statement=statement, format=format, answered_rows=rows, refused=refused)


def saved(number: int, text: SavedText, *, shared: bool) -> Said:
    """A version of a saved query."""
    return fact(SavedQuery.Saved, number=number, query=text, shared=shared)


def test_a_question_is_recorded_once_in_an_hour() -> None:
    """Another form of the answer, and a refusal, are other ones."""
    given(Analysis).when(lambda it: it.ask(COUNT, 1, None)).then(asked())
    given(Analysis, asked()).when(lambda it: it.ask(COUNT, 7, None)).then()
    csv = Question(statement=COUNT.statement, format="csv")
    given(Analysis, asked()).when(lambda it: it.ask(csv, 1, None)).then(asked(format="csv"))
    wrong = Question(statement="SELEC", format="json", refused="bad_statement")
    given(Analysis).when(lambda it: it.ask(wrong, None, None)).then(asked("SELEC", refused="bad_statement"))


def test_of_very_many_questions_it_is_recorded_that_there_were_more() -> None:
    """Once, so that a program cannot fill the log."""
    many = [asked(f"SELECT {number}") for number in range(MOST_QUESTIONS)]
    often = fact(Analysis.AskedOften)
    given(Analysis, *many).when(lambda it: it.ask(COUNT, 1, None)).then(often)
    given(Analysis, *many, often).when(lambda it: it.ask(COUNT, 1, None)).then()


def test_a_query_is_saved_with_its_versions_and_removed() -> None:
    """What is said twice changes nothing; who may read it is part of a version."""
    first, second = saved(1, TEXT, shared=False), saved(2, WIDER, shared=False)
    given(SavedQuery).when(lambda it: it.save(TEXT, shared=False)).then(first)
    given(SavedQuery, first).when(lambda it: it.save(TEXT, shared=False)).then()
    given(SavedQuery, first).when(lambda it: it.save(WIDER, shared=False)).then(second)
    given(SavedQuery, first, second).when(lambda it: it.save(WIDER, shared=True)).then(saved(3, WIDER, shared=True))
    given(SavedQuery, first).when(lambda it: it.remove()).then(fact(SavedQuery.Removed))
    given(SavedQuery, first, fact(SavedQuery.Removed)).when(lambda it: it.remove()).then()


@pytest.mark.parametrize("text", [TEXT, WIDER])
def test_what_is_removed_is_not_saved_again(text: SavedText) -> None:
    """Its id is used up; what was never saved is not removed."""
    removed = [saved(1, TEXT, shared=True), fact(SavedQuery.Removed)]
    given(SavedQuery, *removed).when(lambda it: it.save(text, shared=True)).refused(
        SavedQueryRemoved, query_id="5f1c5f1c"
    )
    given(SavedQuery).when(lambda it: it.remove()).refused(SavedQueryNotFound, query_id="5f1c5f1c")
