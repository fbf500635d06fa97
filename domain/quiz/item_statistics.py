"""
Item statistics by classical test theory: how hard the items of a quiz are, how well they tell learners apart.

Sums are exact, in whatever order they were made; square roots and quotients come last, rounded to four
decimals. What cannot be said is None: a correlation where one side does not vary, or fewer than two learners.

Sources: facility, the mean share of the points (Crocker and Algina, Introduction to Classical and Modern Test Theory,
1986, ch. 5); discrimination, the correlation of an item with the rest of the test (Henrysson, Psychometrika 28, 1963),
which is the point-biserial one where an item is right or wrong; upper minus lower 27 % (Kelley, Journal of Educational
Psychology 30, 1939); alpha (Cronbach, Psychometrika 16, 1951).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Literal, NamedTuple

from domain.questions import Key, Question, exact
from domain.questions.key import MultipleChoiceKey, SingleChoiceKey, TrueFalseKey
from domain.questions.question import MultipleChoice, SingleChoice, TrueFalse

GROUP = Fraction(27, 100)  # of the learners, who make up the upper and the lower group
PLACES = 4  # decimals of correlations and of alpha
FEWEST = 30  # learners, below which a figure is chance rather than a reason to change an item
LOW = 0.2  # discrimination
UNUSED = Fraction(5, 100)  # of the learners
ZERO = Fraction(0)


class Taken(NamedTuple):
    """
    That *learners* have the same in an item.

    Attributes:
        earned, possible: points of the item.
        total: points of the attempt.
        chosen: ids of what was chosen; None where there is no answer.
    """

    item_id: str
    earned: Fraction
    possible: Fraction
    total: Fraction
    chosen: Sequence[str] | None
    learners: int


class OptionFigures(NamedTuple):
    """How many chose an option, and the correlation of choosing it with the points in the rest of the quiz."""

    chosen: int
    discrimination: float | None


class ItemFigures(NamedTuple):
    """
    What is known of an item.

    Attributes:
        learners: who were asked; `omitted` of them gave no answer.
        facility: the mean share of the points, exactly.
        deviation: standard deviation of the share.
        discrimination: correlation of the points with those in the rest of the quiz, -1 to 1.
        upper_lower: facility in the upper group less that in the lower one, -1 to 1.
    """

    learners: int
    omitted: int
    facility: Fraction
    deviation: float
    discrimination: float | None
    upper_lower: float | None
    options: Mapping[str, OptionFigures]


class QuizFigures(NamedTuple):
    """
    What is known of a quiz.

    Attributes:
        mean, deviation: of the points.
        alpha: None unless all were asked the same items, two at least, and differ in their points.
        same_items: whether all were asked the same.
    """

    learners: int
    mean: Fraction
    deviation: float
    alpha: float | None
    same_items: bool


class _Whole(dict[Fraction, int]):
    """Numbers in the largest unit of which all of them are whole multiples: sums of these take a tenth of the time."""

    def __init__(self, values: Iterable[Fraction]) -> None:
        super().__init__()
        self.scale = lcm(1, *{each.denominator for each in values})

    def __missing__(self, value: Fraction) -> int:
        found = self[value] = int(value * self.scale)
        return found


@dataclass
class Moments:
    """Exact sums over pairs of numbers, each for several learners."""

    count: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    yy: int = 0
    xy: int = 0

    def add(self, x: int, y: int, count: int) -> None:
        """Add a pair that *count* learners have."""
        self.count += count
        self.x += x * count
        self.y += y * count
        self.xx += x * x * count
        self.yy += y * y * count
        self.xy += x * y * count

    @property
    def variance(self) -> Fraction:
        """Of the first numbers, over all of them (not a sample)."""
        return Fraction(self.count * self.xx - self.x**2, self.count**2) if self.count else ZERO

    @property
    def correlation(self) -> float | None:
        """Pearson's; None where one side does not vary."""
        n = self.count
        x, y = n * self.xx - self.x**2, n * self.yy - self.y**2
        if not x or not y:
            return None
        covariance = n * self.xy - self.x * self.y
        size = math.sqrt(Fraction(covariance**2, x * y))
        return round(math.copysign(size, covariance), PLACES) if covariance else 0.0


@dataclass
class _Item:
    """The sums of one item."""

    points: Moments = field(default_factory=Moments)  # and those of the rest
    share: Moments = field(default_factory=Moments)
    omitted: int = 0
    options: dict[str, Moments] = field(default_factory=dict)  # not chosen 0 or chosen 1, and the points of the rest
    by_total: dict[int, list[int]] = field(default_factory=dict)  # learners, and the sum of their shares


def statistics(
    totals: Mapping[Fraction, int], taken: Sequence[Taken], options: Mapping[str, Sequence[str]]
) -> tuple[QuizFigures, dict[str, ItemFigures]]:
    """
    The figures of a quiz and of each item.

    Args:
        totals: how many learners have how many points in all.
        options: ids of what there is to choose, by item; those that no one chose are in the figures, too.
    """
    points = _Whole([*totals, *(each.earned for each in taken), *(each.total for each in taken)])
    share_of = {pair: Fraction(pair[0], pair[1]) for pair in {(each.earned, each.possible) for each in taken}}
    shares = _Whole(share_of.values())
    items: dict[str, _Item] = {}
    for each in taken:
        item = items.setdefault(each.item_id, _Item())
        earned, total = points[each.earned], points[each.total]
        share = shares[share_of[each.earned, each.possible]]
        item.points.add(earned, total - earned, each.learners)
        item.share.add(share, 0, each.learners)
        item.omitted += each.learners if each.chosen is None else 0
        among = item.by_total.setdefault(total, [0, 0])
        among[0] += each.learners
        among[1] += share * each.learners
        for option in each.chosen or ():
            item.options.setdefault(option, Moments()).add(1, total - earned, each.learners)
    figures = {item_id: _figures(item, shares.scale, options.get(item_id, ())) for item_id, item in items.items()}
    whole = Moments()
    for points_of_all, learners in totals.items():
        whole.add(points[points_of_all], 0, learners)
    return _quiz_figures(whole, points.scale, [item.points for item in items.values()]), figures


def _figures(item: _Item, scale: int, options: Sequence[str]) -> ItemFigures:
    n = item.points.count
    return ItemFigures(
        learners=n,
        omitted=item.omitted,
        facility=Fraction(item.share.x, n * scale),
        deviation=_root(item.share.variance / scale**2),
        discrimination=item.points.correlation,
        upper_lower=_upper_lower(item.by_total, n, scale),
        options={each: _option(item.options.get(each), item.points) for each in options},
    )


def _option(chosen: Moments | None, points: Moments) -> OptionFigures:
    """Who did not choose it is who was asked less who did."""
    if chosen is None:
        return OptionFigures(0, None)
    every = Moments(points.count, chosen.x, points.y, chosen.xx, points.yy, chosen.xy)
    return OptionFigures(chosen.count, every.correlation)


def _upper_lower(by_total: Mapping[int, Sequence[int]], learners: int, scale: int) -> float | None:
    """
    The facility among the best 27 % less that among the last, by the points of the whole quiz.

    A group has exactly that many learners, as a fraction if need be; of those with as many points as its last one, all
    take part with the same share, so that no order of learners decides.
    """
    if len(by_total) < 2:
        return None
    rising = sorted(by_total)
    size = GROUP * learners
    apart = _mean_of(rising[::-1], by_total, size) - _mean_of(rising, by_total, size)
    return round(float(apart / scale), PLACES)


def _mean_of(totals: Sequence[int], by_total: Mapping[int, Sequence[int]], size: Fraction) -> Fraction:
    left, sum_of_shares = size, ZERO
    for total in totals:
        learners, shares = by_total[total]
        part = min(left, Fraction(learners))
        sum_of_shares += shares * part / learners
        left -= part
        if not left:
            break
    return sum_of_shares / size


def _quiz_figures(points: Moments, scale: int, items: Sequence[Moments]) -> QuizFigures:
    n, k = points.count, len(items)
    same_items = all(each.count == n for each in items)
    alpha = None
    if same_items and k > 1 and points.variance:
        unexplained = sum((each.variance for each in items), ZERO) / points.variance
        alpha = round(float(Fraction(k, k - 1) * (1 - unexplained)), PLACES)
    mean = Fraction(points.x, n * scale) if n else ZERO
    return QuizFigures(n, mean, _root(points.variance / scale**2), alpha, same_items)


def _root(variance: Fraction) -> float:
    return round(math.sqrt(variance), PLACES)


class Choice(NamedTuple):
    """Something to choose in an item, and whether the key takes it for right, wholly or in part."""

    option_id: str
    text: str
    right: bool


def choices_of(question: Question, key: Key) -> list[Choice]:
    """What there is to choose in an item; nothing in one of a kind that has no options."""
    match question, key:
        case SingleChoice(), SingleChoiceKey():
            right = {option_id for option_id, share in key.shares.items() if exact(share) > 0}
        case MultipleChoice(), MultipleChoiceKey():
            right = set(key.right)
        case TrueFalse(), TrueFalseKey():
            return [Choice("true", "", key.right), Choice("false", "", not key.right)]
        case _:
            return []
    return [Choice(each.option_id, each.text, each.option_id in right) for each in question.options]


RemarkCode = Literal[
    "none_right", "all_alike", "negative_discrimination", "low_discrimination", "unused_option", "attractive_option"
]


class Remark(NamedTuple):
    """What an author should look at: a stable code, and the sentence with the figure that it follows from."""

    code: RemarkCode
    words: str


def remarks(figures: ItemFigures, choices: Sequence[Choice]) -> list[Remark]:
    """
    What an author should look at in an item that FEWEST learners at least were asked.

    The bounds: 0.2 for discrimination (Ebel and Frisbie, Essentials of Educational Measurement, 1991, ch. 13), 5 % for
    an option that works (Haladyna and Downing, Educational and Psychological Measurement 53, 1993).
    """
    found: list[Remark] = []
    if figures.learners < FEWEST:
        return found
    if not figures.facility:
        found.append(Remark("none_right", f"None of {figures.learners} learners has a point: look at the key."))
    elif figures.discrimination is None:
        found.append(Remark("all_alike", f"All {figures.learners} learners have the same points."))
    elif figures.discrimination < 0:
        words = f"Those who did well in the rest did worse here ({figures.discrimination:.2f}): look at the key."
        found.append(Remark("negative_discrimination", words))
    elif figures.discrimination < LOW:
        words = f"It tells learners apart little: {figures.discrimination:.2f}, below {LOW:.2f}."
        found.append(Remark("low_discrimination", words))
    for each in choices:
        option = figures.options[each.option_id]
        if not each.right and option.chosen < UNUSED * figures.learners:
            words = f"Option {each.option_id} was chosen by {option.chosen} of {figures.learners}, fewer than 5 %."
            found.append(Remark("unused_option", words))
        elif not each.right and option.discrimination is not None and option.discrimination > 0:
            words = (
                f"Option {each.option_id} is wrong by the key, and rather chosen by those who did well in the rest"
                f" ({option.discrimination:.2f})."
            )
            found.append(Remark("attractive_option", words))
    return found
