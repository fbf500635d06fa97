"""Item statistics, compared with figures that numpy and pandas find in another way."""

import csv
import io
import random
import zipfile
from collections import Counter
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.questions.key import EssayKey, MultipleChoiceKey, SingleChoiceKey, TrueFalseKey
from domain.questions.question import Essay, MultipleChoice, Option, SingleChoice, TrueFalse
from domain.quiz.item_statistics import (
    Choice,
    ItemFigures,
    OptionFigures,
    Taken,
    choices_of,
    remarks,
    statistics,
)
from tests.support.oulad import REAL

ITEMS, OPTIONS = 12, "abcd"
SHARES = {"a": Fraction(1), "b": Fraction(1, 3), "c": Fraction(0), "d": Fraction(0)}
needs_oulad = pytest.mark.skipif(not REAL.exists(), reason=f"{REAL.name} is not in ../shared/data")


@cache
def abilities() -> dict[str, float]:
    """The mean score, 0 to 1, of each learner of OULAD's module AAA in what was handed in."""
    with zipfile.ZipFile(REAL) as archive:
        read = {
            name: list(csv.DictReader(io.TextIOWrapper(archive.open(f"{name}.csv"), "utf-8")))
            for name in ("assessments", "studentAssessment")
        }
    of_aaa = {row["id_assessment"] for row in read["assessments"] if row["code_module"] == "AAA"}
    scores: dict[str, list[float]] = {}
    for row in read["studentAssessment"]:
        if row["id_assessment"] in of_aaa and row["score"]:
            scores.setdefault(row["id_student"], []).append(float(row["score"]) / 100)
    return {learner: sum(found) / len(found) for learner, found in sorted(scores.items())}


def answers(seed: int) -> dict[str, list[str | None]]:
    """What each of these learners chooses in ITEMS items: the better, the likelier `a`; the last item is a trap."""
    chance = random.Random(seed)
    found: dict[str, list[str | None]] = {}
    for learner, ability in abilities().items():
        found[learner] = []
        for item in range(ITEMS):
            right = ability * (1 - item / 20) if item < ITEMS - 1 else 1 - ability
            is_right = chance.random() < right
            found[learner].append("a" if is_right else chance.choice(["b", "b", "c", "d", None]))
    return found


def counted(chosen: dict[str, list[str | None]]) -> tuple[Counter[Fraction], list[Taken]]:
    """What `statistics` takes, in the form in which the read model counts it: an item is worth its number of points."""
    totals: Counter[Fraction] = Counter()
    taken: Counter[Any] = Counter()
    for of_learner in chosen.values():
        earned = [SHARES[each] * (item + 1) if each else Fraction(0) for item, each in enumerate(of_learner)]
        totals[sum(earned, Fraction(0))] += 1
        for item, (each, points) in enumerate(zip(of_learner, earned, strict=True)):
            picked = None if each is None else (each,)
            taken[str(item), points, Fraction(item + 1), sum(earned, Fraction(0)), picked] += 1
    return totals, [Taken(a, b, c, d, picked, n) for (a, b, c, d, picked), n in taken.items()]


@needs_oulad
def test_as_numpy_and_pandas_have_it() -> None:
    """Facility, correlation with the rest, options and alpha of 712 learners of OULAD, to four decimals."""
    chosen = answers(seed=7)
    quiz, items = statistics(*counted(chosen), {str(item): OPTIONS for item in range(ITEMS)})
    picked = pd.DataFrame(chosen.values())
    share = picked.apply(lambda column: column.map({key: float(each) for key, each in SHARES.items()})).fillna(0.0)
    points = share * np.arange(1, ITEMS + 1)
    total = points.sum(axis=1)
    assert (quiz.learners, quiz.same_items) == (len(abilities()), True)
    assert float(quiz.mean) == pytest.approx(total.mean())
    assert quiz.deviation == pytest.approx(total.std(ddof=0), abs=1e-4)
    alpha = ITEMS / (ITEMS - 1) * (1 - points.var().sum() / total.var())
    assert quiz.alpha == pytest.approx(alpha, abs=1e-4)
    for item in range(ITEMS):
        found, rest = items[str(item)], total - points[item]
        assert float(found.facility) == pytest.approx(share[item].mean())
        assert found.deviation == pytest.approx(share[item].std(ddof=0), abs=1e-4)
        assert found.discrimination == pytest.approx(np.corrcoef(points[item], rest)[0, 1], abs=1e-4)
        assert found.omitted == picked[item].isna().sum()
        assert found.upper_lower == pytest.approx(by_groups(share[item], total), abs=1e-4)
        for option in OPTIONS:
            chose = (picked[item] == option).astype(float)
            assert found.options[option].chosen == chose.sum()
            assert found.options[option].discrimination == pytest.approx(np.corrcoef(chose, rest)[0, 1], abs=1e-4)
    trap = items[str(ITEMS - 1)]
    assert trap.discrimination is not None
    assert trap.discrimination < 0
    assert (quiz.alpha or 0) > 0


def by_groups(share: "pd.Series[float]", total: "pd.Series[float]") -> float:
    """The facility of the upper 27 % less that of the lower, with weights for those who tie, learner by learner."""
    size = 0.27 * len(total)
    weights = []
    for points in (total.to_numpy().round(9), -total.to_numpy().round(9)):
        above = np.array([(points > each).sum() for each in points])
        ties = np.array([(points == each).sum() for each in points])
        weights.append(np.clip((size - above) / ties, 0, 1))
    upper, lower = (float((share.to_numpy() * weight).sum() / weight.sum()) for weight in weights)
    return upper - lower


def taken(item_id: str, *each: tuple[int, int]) -> list[Taken]:
    """Rows of an item of one point: points in it and in all, of one learner each."""
    return [Taken(item_id, Fraction(points), Fraction(1), Fraction(total), None, 1) for points, total in each]


def test_a_figure_that_cannot_be_said_is_none() -> None:
    """Correlations where one side does not vary; alpha of one item, and where not all were asked the same."""
    quiz, items = statistics({}, [], {})
    assert (quiz.learners, quiz.alpha, items) == (0, None, {})
    quiz, items = statistics({Fraction(1): 2}, taken("a", (1, 1), (1, 1)), {"a": "x"})
    assert (quiz.alpha, items["a"].discrimination, items["a"].upper_lower) == (None, None, None)
    assert items["a"].options == {"x": OptionFigures(0, None)}
    drawn = taken("a", (1, 2), (0, 1)) + taken("b", (1, 2))
    quiz, _ = statistics({Fraction(2): 1, Fraction(1): 1}, drawn, {})
    assert (quiz.alpha, quiz.same_items) == (None, False)


def test_alpha_by_hand() -> None:
    """Two items that always agree have alpha 1; two that never do have 0 or less."""
    agree = taken("a", (1, 2), (0, 0)) + taken("b", (1, 2), (0, 0))
    quiz, items = statistics({Fraction(2): 1, Fraction(0): 1}, agree, {})
    assert (quiz.alpha, items["a"].discrimination, items["a"].upper_lower) == (1.0, 1.0, 1.0)


def test_what_there_is_to_choose() -> None:
    """With what the key takes for right, wholly or in part."""
    options = [Option(option_id="a", text="A"), Option(option_id="b", text="B")]
    single = SingleChoice(question_id="q", text="?", options=options)
    assert choices_of(single, SingleChoiceKey(shares={"a": "1/2", "b": "-1"})) == [
        Choice("a", "A", True),
        Choice("b", "B", False),
    ]
    several = MultipleChoice(question_id="q", text="?", options=options)
    assert [each.right for each in choices_of(several, MultipleChoiceKey(right=["b"]))] == [False, True]
    statement = TrueFalse(question_id="q", text="?")
    assert [each.right for each in choices_of(statement, TrueFalseKey(right=False))] == [False, True]
    assert choices_of(Essay(question_id="q", text="?"), EssayKey()) == []


def figures(learners: int = 100, facility: Fraction = Fraction(1, 2), **more: Any) -> ItemFigures:
    """An item as it should be, with changes."""
    options = {"a": OptionFigures(60, 0.4), "b": OptionFigures(40, -0.3)}
    return ItemFigures(
        **{
            "learners": learners,
            "omitted": 0,
            "facility": facility,
            "deviation": 0.5,
            "discrimination": 0.4,
            "upper_lower": 0.5,
            "options": options,
            **more,
        }
    )


def test_remarks_have_the_figure() -> None:
    """About an item that is as it should be, and of few learners, nothing is said."""
    choices = [Choice("a", "", True), Choice("b", "", False)]
    assert remarks(figures(), choices) == []
    assert remarks(figures(learners=29, discrimination=-1.0), choices) == []
    (remark,) = remarks(figures(discrimination=-0.25), choices)
    assert remark == (
        "negative_discrimination",
        "Those who did well in the rest did worse here (-0.25): look at the key.",
    )
    assert [each.code for each in remarks(figures(discrimination=0.19), choices)] == ["low_discrimination"]
    assert [each.code for each in remarks(figures(discrimination=None), choices)] == ["all_alike"]
    assert [each.code for each in remarks(figures(facility=Fraction(0)), choices)] == ["none_right"]
    few = {"a": OptionFigures(96, 0.4), "b": OptionFigures(4, -0.3)}
    (remark,) = remarks(figures(options=few), choices)
    assert remark.words == "Option b was chosen by 4 of 100, fewer than 5 %."
    odd = {"a": OptionFigures(60, 0.4), "b": OptionFigures(40, 0.2)}
    assert [each.code for each in remarks(figures(options=odd), choices)] == ["attractive_option"]
