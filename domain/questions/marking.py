"""
What a response is worth: one pure function of a question, its key and the response, in exact fractions.

It never raises for a response that passed `check_response`; one of another kind, or to things that the question does
not have, is worth nothing for them. Rules and their sources: decisions/0278.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from domain.questions.base import Part, kind_of
from domain.questions.key import (
    ClozeKey,
    Criterion,
    EssayKey,
    FileUploadKey,
    Key,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
    feedback_of,
)
from domain.questions.numbers import Number, exact, read_typed, written
from domain.questions.question import Cloze, MultipleChoice, Question
from domain.questions.response import (
    ClozeResponse,
    EssayResponse,
    FileUploadResponse,
    MatchingResponse,
    MultipleChoiceResponse,
    NumericResponse,
    OrderingResponse,
    Response,
    ShortTextResponse,
    SingleChoiceResponse,
    TrueFalseResponse,
)
from domain.questions.texts import fits, plain_text
from domain.score import Score

NOTHING, ALL = Fraction(0), Fraction(1)


class PartMark(Part, frozen=True, kw_only=True):
    """
    How right one part of the response is, 0 to 1.

    Attributes:
        part: an option of a multiple choice or an order, a prompt, a gap.
    """

    part: str
    share: Number


class Marked(Part, frozen=True, kw_only=True):
    """
    What a response is worth.

    Attributes:
        earned: points, exact, from 0 to *possible*; None if a person has to grade it.
        possible: the points of the question.
        parts: how right each part is, where the kind has parts.
        feedback: ids of the feedback that belongs to the response (`domain.questions.feedback_of`).
    """

    earned: Number | None
    possible: Number
    parts: list[PartMark] = []
    feedback: list[str] = []

    @property
    def points(self) -> Fraction | None:
        """The earned points; None if a person has to grade it."""
        return None if self.earned is None else exact(self.earned)

    @property
    def score(self) -> Score | None:
        """The earned points of the possible ones, as whole numbers of one scale; None as for *points*."""
        return total([self])


class _Share(NamedTuple):
    """The share of a response, with its parts and the ids of its feedback."""

    share: Fraction
    parts: Sequence[tuple[str, Fraction]] = ()
    feedback: Sequence[str] = ()


def mark(question: Question, key: Key, response: Response | None, *, hints_used: int = 0) -> Marked:
    """
    Mark a response.

    Args:
        key: of the same kind as *question*; together they pass `check_question`.
        response: None for no answer.
        hints_used: how many hints were shown, each of which costs the question's `hint_penalty`.
    """
    given = _share(question, key, response)
    if given is None:
        return Marked(earned=None, possible=question.points, feedback=["general"] if key.general else [])
    share = min(ALL, max(NOTHING, given.share))
    said = [*given.feedback, "right" if share == 1 else "partly" if share else "wrong", "general"]
    share = max(NOTHING, share - exact(question.hint_penalty) * hints_used)
    return Marked(
        earned=written(share * exact(question.points)),
        possible=question.points,
        parts=[PartMark(part=part, share=written(of_part)) for part, of_part in given.parts],
        feedback=[each for each in said if feedback_of(key, each)],
    )


def total(marks: Iterable[Marked]) -> Score | None:
    """The sum of several marks, as whole numbers of one scale; None if a person has yet to grade one of them."""
    earned, possible = NOTHING, NOTHING
    for marked in marks:
        if marked.points is None:
            return None
        earned, possible = earned + marked.points, possible + exact(marked.possible)
    scale = lcm(earned.denominator, possible.denominator)
    return Score(int(earned * scale), int(possible * scale)) if possible else Score(0)


def _share(question: Question, key: Key, response: Response | None) -> _Share | None:  # noqa: PLR0911 - one for each kind
    """The share of the points before it is cut at 0 and 1; None if a person has to grade."""
    if response is None or kind_of(response) != kind_of(key):
        return _Share(NOTHING)
    match key, response:
        case SingleChoiceKey(), SingleChoiceResponse(option_id=chosen):
            return _Share(exact(key.shares.get(chosen, "0")), feedback=[f"option.{chosen}"])
        case MultipleChoiceKey(), MultipleChoiceResponse() if isinstance(question, MultipleChoice):
            return _of_choices([each.option_id for each in question.options], key, set(response.option_ids))
        case TrueFalseKey(), TrueFalseResponse():
            return _Share(Fraction(response.answer == key.right))
        case NumericKey(), NumericResponse():
            return _of_number(key, response)
        case ShortTextKey(), ShortTextResponse():
            return _best((exact(each.share), fits(response.text, each.text, key)) for each in key.accepted)
        case OrderingKey(), OrderingResponse():
            return _of_order(key, response.order)
        case MatchingKey(), MatchingResponse():
            return _of_pairs(key, response.pairs)
        case ClozeKey(), ClozeResponse() if isinstance(question, Cloze):
            return _of_gaps(question, key, response)
        case EssayKey(), EssayResponse():
            return None if plain_text(response.text) else _Share(NOTHING)
        case FileUploadKey(), FileUploadResponse():
            return None if response.files else _Share(NOTHING)
    return _Share(NOTHING)


def _of_choices(options: Sequence[str], key: MultipleChoiceKey, chosen: set[str]) -> _Share:
    right = set(key.right)
    judged = [(each, Fraction((each in chosen) == (each in right))) for each in options]
    share = Fraction(chosen == right)
    if key.rule == "each_option":
        share = Fraction(sum(fair for _, fair in judged), len(judged))
    elif key.rule == "right_minus_wrong" and right:
        share = Fraction(len(chosen & right) - len(chosen - right), len(right))
    elif key.rule == "shares":
        share = sum((exact(key.shares.get(each, "0")) for each in chosen), NOTHING)
    return _Share(share, judged, [f"option.{each}" for each in options if each in chosen])


def _best(answers: Iterable[tuple[Fraction, bool]]) -> _Share:
    """The best share of the answers that fit; the first of several."""
    best, which = NOTHING, -1
    for place, (share, does_fit) in enumerate(answers):
        if does_fit and (which < 0 or share > best):
            best, which = share, place
    return _Share(best, feedback=[f"answer.{which}"] if which >= 0 else [])


def _of_number(key: NumericKey, response: NumericResponse) -> _Share:
    """A value fits as it is, or changed into the unit of the key; without a right unit its share is cut."""
    typed = read_typed(response.value)
    unit = " ".join(response.unit.split()) or (typed.unit if typed else "")
    if typed is None or (unit and not key.units):
        return _Share(NOTHING)
    tries = [(typed.value, not key.units)]
    if unit in key.units:
        tries.insert(0, (typed.value / exact(key.units[unit]), True))
    found = _Share(NOTHING)
    for value, unit_is_right in tries:
        best = _best((exact(each.share), _is_near(value, each)) for each in key.answers)
        share = best.share if unit_is_right else best.share * (1 - exact(key.unit_penalty))
        if best.feedback and (share > found.share or not found.feedback):
            found = _Share(share, feedback=best.feedback)
    return found


def _is_near(value: Fraction, answer: NumericAnswer) -> bool:
    wanted = exact(answer.value)
    tolerance = exact(answer.tolerance) * (abs(wanted) if answer.relative else 1)
    return abs(value - wanted) <= tolerance


def _of_order(key: OrderingKey, order: Sequence[str]) -> _Share:
    wanted, size = key.order, len(key.order)
    in_place = [(each, Fraction(place < len(order) and order[place] == each)) for place, each in enumerate(wanted)]
    share = Fraction(list(order) == wanted)
    if key.rule == "each_position":
        share = Fraction(sum(fair for _, fair in in_place), size)
    elif key.rule == "next_pair" and size > 1:
        share = Fraction(len(set(_neighbours(order)) & set(_neighbours(wanted))), size - 1)
    elif key.rule == "longest_subset":
        longest = _longest_rising([wanted.index(each) for each in order if each in wanted])
        share = Fraction(longest if longest > 1 or size == 1 else 0, size)
    return _Share(share, in_place)


def _neighbours(order: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(order))


def _longest_rising(places: Sequence[int]) -> int:
    """The length of the longest strictly rising subsequence (patience sorting, n log n)."""
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)


def _of_pairs(key: MatchingKey, pairs: Mapping[str, str]) -> _Share:
    judged = [(prompt, Fraction(pairs.get(prompt) == choice)) for prompt, choice in key.pairs.items()]
    share = Fraction(sum(fair for _, fair in judged), len(judged))
    return _Share(share if key.rule == "each_pair" else Fraction(share == 1), judged)


def _of_gaps(question: Cloze, key: ClozeKey, response: ClozeResponse) -> _Share:
    """The mean of the gaps, each from 0 to 1, by their weights."""
    share, whole, parts, feedback = NOTHING, NOTHING, [], []
    for gap in question.gaps:
        marked = mark(gap, key.gaps[gap.question_id], response.gaps.get(gap.question_id))
        earned = marked.points or NOTHING
        share, whole = share + earned, whole + exact(gap.points)
        parts.append((gap.question_id, earned / exact(gap.points)))
        feedback += [f"{gap.question_id}/{each}" for each in marked.feedback]
    return _Share(share / whole, parts, feedback)


def by_rubric(question: Question, rubric: Sequence[Criterion], levels: Mapping[str, str]) -> Number:
    """
    The points that a person's choices in the rubric are worth: the sum of the levels, of the sum of the best ones.

    Args:
        levels: the chosen level by criterion; a criterion that is missing is worth nothing.
    """
    earned, best = NOTHING, NOTHING
    for criterion in rubric:
        points = {level.level_id: exact(level.points) for level in criterion.levels}
        earned += points.get(levels.get(criterion.criterion_id, ""), NOTHING)
        best += max(points.values())
    return written((earned / best if best else NOTHING) * exact(question.points))
