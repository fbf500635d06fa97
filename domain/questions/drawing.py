"""
What is drawn by a seed: which questions of a bank, and in which order things are shown. The same for ever.

Each id gets a rank: the SHA-256 of the UTF-8 bytes of `campuslog-draw-1`, the seed, what is drawn and the id, with a
byte 0 between them. A draw is the ids by rising rank, the first *count* of them. So it depends neither on the order in
which ids are listed nor on any library's generator, and a question more or less in a bank changes one place of a draw.
tests/domain/questions/test_drawing.py has vectors, for other implementations too.
"""

import hashlib
from collections.abc import Collection, Sequence

import msgspec

from domain.questions.question import (
    Cloze,
    Matching,
    MultipleChoice,
    Option,
    Ordering,
    Question,
    SingleChoice,
)

ALGORITHM = "campuslog-draw-1"


def rank(seed: str, what: str, member: str) -> bytes:
    """Where an id stands in a draw: 32 bytes, to be compared from the left."""
    return hashlib.sha256(b"\0".join(part.encode() for part in (ALGORITHM, seed, what, member))).digest()


def draw(members: Collection[str], count: int | None, seed: str, what: str = "questions") -> list[str]:
    """
    Draw ids.

    Args:
        members: ids, in any order; one that is listed twice is there once.
        count: how many, None for all; all where there are not so many.
        what: which draw it is, so that two draws by one seed are independent (`section-2`, `options:q1`).
    """
    return sorted(set(members), key=lambda member: (rank(seed, what, member), member))[:count]


def shuffled(question: Question, seed: str) -> Question:
    """The question as one learner is shown it: its options in the order of the seed, where it may be shuffled."""
    of = f"options:{question.question_id}"
    match question:
        case SingleChoice(shuffle=True) | MultipleChoice(shuffle=True) | Ordering():
            return msgspec.structs.replace(question, options=_in_order(question.options, seed, of))
        case Matching(shuffle=True):
            return msgspec.structs.replace(question, choices=_in_order(question.choices, seed, of))
        case Cloze():
            gaps = [
                msgspec.structs.replace(gap, options=_in_order(gap.options, seed, f"{of}/{gap.question_id}"))
                if isinstance(gap, SingleChoice) and gap.shuffle
                else gap
                for gap in question.gaps
            ]
            return msgspec.structs.replace(question, gaps=gaps)
    return question


def _in_order(options: Sequence[Option], seed: str, what: str) -> list[Option]:
    """Options by rank; those that are fixed keep their places."""
    by_id = {each.option_id: each for each in options if not each.fixed}
    moved = iter(draw(by_id, None, seed, what))
    return [each if each.fixed else by_id[next(moved)] for each in options]
