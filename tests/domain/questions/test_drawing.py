"""Draws by a seed are the same for ever: other code that draws as this does passes the same vectors."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.questions.drawing import draw, rank, shuffled
from domain.questions.question import Option, Ordering, SingleChoice

QUESTIONS = [f"q{number}" for number in range(1, 11)]


def test_a_rank_is_a_hash_of_four_parts() -> None:
    """As the module says it, written out."""
    assert rank("7", "questions", "q1") == hashlib.sha256(b"campuslog-draw-1\x007\x00questions\x00q1").digest()


@pytest.mark.parametrize(
    ("seed", "what", "count", "drawn"),
    [
        ("0", "questions", None, "q1 q6 q4 q2 q7 q10 q8 q5 q3 q9"),
        ("7", "section-1", 3, "q4 q10 q3"),
        ("7", "section-2", 3, "q4 q6 q8"),
        ("0d9f3c1b5a7e4f628c1d", "questions", 4, "q10 q8 q9 q6"),
        ("\u00e9", "q", 5, "q4 q1 q2 q10 q6"),
    ],
)
def test_vectors(seed: str, what: str, count: int | None, drawn: str) -> None:
    """Vectors that never change."""
    assert draw(QUESTIONS, count, seed, what) == drawn.split()


@settings(max_examples=50, deadline=None)
@given(st.sets(st.sampled_from(QUESTIONS)), st.integers(0, 12), st.text(max_size=5))
def test_a_draw_does_not_depend_on_the_order(members: set[str], count: int, seed: str) -> None:
    """Nor on what is not drawn: one question fewer leaves the others as they were."""
    drawn = draw(sorted(members), count, seed)
    assert draw(sorted(members, reverse=True), count, seed) == drawn
    assert len(drawn) == min(count, len(members))
    assert set(drawn) <= members
    if drawn:
        assert draw(members - {drawn[0]}, count - 1, seed) == drawn[1:]


def test_each_question_is_drawn_as_often() -> None:
    """Of 2,000 seeds, 3 of 10 questions each: every question about 600 times."""
    times = dict.fromkeys(QUESTIONS, 0)
    for seed in range(2_000):
        for each in draw(QUESTIONS, 3, str(seed)):
            times[each] += 1
    assert all(520 < each < 680 for each in times.values())


def test_a_fixed_option_keeps_its_place() -> None:
    """The others are shuffled where the question lets them."""
    options = [Option(option_id=each, text=each) for each in "abcd"] + [
        Option(option_id="none", text="none", fixed=True)
    ]
    question = SingleChoice(question_id="q", text="?", options=options, shuffle=True)
    orders = {"".join(each.option_id for each in shuffled(question, str(seed)).options) for seed in range(500)}  # type: ignore[union-attr]
    assert len(orders) == 24
    assert all(order.endswith("none") for order in orders)
    still = SingleChoice(question_id="q", text="?", options=options)
    assert shuffled(still, "7") == still


def test_an_order_is_always_shuffled() -> None:
    """It is the question."""
    question = Ordering(question_id="q", text="?", options=[Option(option_id=each, text=each) for each in "abc"])
    assert len({str(shuffled(question, str(seed))) for seed in range(100)}) == 6
