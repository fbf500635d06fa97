"""What each learner scored in each item, in the attempt that counts for statistics."""

from typing import Any

from projections.item_statistics import ATTEMPTS, ItemAttempts, ItemStatistics, chosen_in
from tests.support.facts import History, day, fold, rows_of

CHOICE = {"kind": "single_choice", "option_id": "b"}


class Exam(History):
    """Facts of attempts at a quiz with two items, a choice and an essay."""

    def answered(self, no: int, item_id: str, seq: int, response: dict[str, Any] | None, words: str = "") -> "Exam":
        self.add(
            f"attempt-7:q:{no}", "attempt.answer_saved", item_id=item_id, client_seq=seq, response=response, words=words
        )
        return self

    def handed_in(self, no: int, version: int = 1) -> "Exam":
        self.submitted("7", "q", no=no, quiz_version=version, started_at="2013-10-01T09:00:00Z")
        return self

    def marked(self, no: int, regrade_no: int = 0, **earned: str | None) -> "Exam":
        marks = [{"item_id": item_id, "earned": points, "possible": "2"} for item_id, points in earned.items()]
        self.add(f"attempt-7:q:{no}", "attempt.marked", marks=marks, regrade_no=regrade_no)
        return self

    def given(self, no: int, final: str | None) -> "Exam":
        self.add(f"attempt-7:q:{no}", "attempt.item_graded", item_id="e", final=final, possible="2")
        return self


def row(history: History) -> ItemAttempts:
    """The only row after *history*."""
    (found,) = rows_of(fold(ItemStatistics, history), ATTEMPTS, ItemAttempts)
    return found


def counts(history: History) -> tuple[int, str, dict[str, Any]]:
    """Which attempt counts, its points, and its marks by item."""
    found = row(history)
    return found.counts_no, found.total, {item_id: earned for item_id, (earned, _) in found.marks.items()}


def test_an_attempt_counts_as_soon_as_all_items_have_marks() -> None:
    """Neither while a person has to grade one, nor while one of two people has."""
    exam = Exam().answered(1, "c", 1, CHOICE).handed_in(1).marked(1, c="1/3", e=None)
    assert counts(exam) == (0, "0", {})
    assert counts(exam.given(1, None)) == (0, "0", {})
    assert counts(exam.given(1, "1.5")) == (1, "11/6", {"c": "1/3", "e": "1.5"})
    assert row(exam).chosen == {"c": ["b"]}


def test_the_first_attempt_counts() -> None:
    """A second one that has its marks earlier counts until then, and is forgotten; a third one is not looked at."""
    exam = Exam().handed_in(1).marked(1, c="0", e=None).handed_in(2, version=2).marked(2, c="2", e="2")
    assert (counts(exam)[0], row(exam).quiz_version) == (2, 2)
    assert (counts(exam.handed_in(3).marked(3, c="2", e="2"))[0], len(row(exam).tries)) == (2, 2)
    assert counts(exam.given(1, "1")) == (1, "1", {"c": "0", "e": "1"})
    assert (row(exam).quiz_version, len(row(exam).tries)) == (1, 1)


def test_a_regrade_changes_the_marks_that_it_names() -> None:
    """And no others; one of an attempt that does not count changes nothing."""
    exam = Exam().handed_in(1).marked(1, c="0", e="1").marked(1, regrade_no=1, c="2")
    assert counts(exam) == (1, "3", {"c": "2", "e": "1"})
    assert counts(exam.handed_in(2).marked(2, c="1", e="1").marked(2, regrade_no=2, c="0")) == (
        1,
        "3",
        {"c": "2", "e": "1"},
    )


def test_the_newest_answer_is_the_choice() -> None:
    """By the client's count; words are an answer without a choice, and one that was taken back is none."""
    exam = Exam().answered(1, "c", 5, CHOICE).answered(1, "c", 4, {**CHOICE, "option_id": "a"})
    exam.answered(1, "e", 1, None, words="{…}").answered(1, "x", 1, CHOICE).answered(1, "x", 2, None)
    assert row(exam.handed_in(1).marked(1, c="2", e="1")).chosen == {"c": ["b"], "e": []}
    assert chosen_in({"kind": "multiple_choice", "option_ids": ["d", "b"]}) == ["b", "d"]
    assert chosen_in({"kind": "true_false", "answer": False}) == ["false"]


def test_items_with_one_right_option_are_marked_by_their_key() -> None:
    """Which those have that take all answers at once; -1 is no answer. On paper there are no items."""
    history = History()
    items = [{"item_id": "i1", "text": "", "options": ["a", "b"]}, {"item_id": "i2", "text": "", "options": ["a", "b"]}]
    history.add("quiz-q", "quiz.published", version=1, items=items, key=[1, 0]).quiz("paper", "tma1", day(3))
    history.submitted("8", "paper").submitted("7", "q", responses=[1, -1])
    assert counts(history) == (1, "1", {"i1": "1", "i2": "0"})
    assert row(history).chosen == {"i1": ["1"]}
