"""
Keys: what is right in a question, what it is worth in part, and what is said about it. No learner is sent a key.

A share is a part of the question's points, 0 to 1; that of a wrong option may be negative. A question never costs
points: the sum is cut at 0 (Moodle's multiple choice; `lowerBound` of a QTI mapping). Sources: decisions/0278.
"""

from typing import Literal, TypeAlias

from domain.questions.base import Part, Tagged
from domain.questions.numbers import Number

ChoiceRule = Literal["all_or_nothing", "each_option", "right_minus_wrong", "shares"]
"""
How several chosen options are marked:

- `all_or_nothing`: the right ones and no other (QTI match_correct; Moodle's all-or-nothing type).
- `each_option`: the share of all options about which the learner is right, chosen or not.
- `right_minus_wrong`: each right one is worth 1 of the number of right ones, each wrong one costs as much (Canvas).
- `shares`: the sum of the shares of what is chosen, from 0 to 1 (Moodle fractions; QTI map_response).
"""

OrderRule = Literal["all_or_nothing", "each_position", "next_pair", "longest_subset"]
"""
How an order is marked (the grading types of Moodle's ordering question):

- `all_or_nothing`: the whole order (QTI match_correct).
- `each_position`: the share of options in their right place.
- `next_pair`: the share of right neighbours, of one fewer than the options.
- `longest_subset`: the longest run of options in right order, with or without others between them; one alone is none.
"""

MatchRule = Literal["each_pair", "all_or_nothing"]
Spaces = Literal["collapse", "exact", "ignore"]


class Level(Part, frozen=True, kw_only=True):
    """What fulfils a criterion to a degree, and the points of the rubric for it."""

    level_id: str
    text: str
    points: Number


class Criterion(Part, frozen=True, kw_only=True):
    """One line of a rubric: what a person looks at."""

    criterion_id: str
    text: str
    levels: list[Level]


class _Hidden(Tagged, frozen=True, kw_only=True):
    """What every key has: feedback in general, and for a response that is right, partly right or wrong."""

    general: str = ""
    when_right: str = ""
    when_partly: str = ""
    when_wrong: str = ""


class SingleChoiceKey(_Hidden, frozen=True, kw_only=True, tag="single_choice"):
    """*shares* by option, of which one at least is 1; *feedback* by option."""

    shares: dict[str, Number]
    feedback: dict[str, str] = {}


class MultipleChoiceKey(_Hidden, frozen=True, kw_only=True, tag="multiple_choice"):
    """The right options, which may be none; *shares* by option for the rule of that name; *feedback* by option."""

    right: list[str]
    rule: ChoiceRule = "all_or_nothing"
    shares: dict[str, Number] = {}
    feedback: dict[str, str] = {}


class TrueFalseKey(_Hidden, frozen=True, kw_only=True, tag="true_false"):
    """Whether the statement is true."""

    right: bool


class NumericAnswer(Part, frozen=True, kw_only=True):
    """A right value, with what it may be off by: absolute, or *relative* to the value (0.01 is a hundredth of it)."""

    value: Number
    tolerance: Number = "0"
    relative: bool = False
    share: Number = "1"
    feedback: str = ""


class NumericKey(_Hidden, frozen=True, kw_only=True, tag="numeric"):
    """
    Right values; the best share of those that fit counts.

    Attributes:
        units: right units, each with how many of it make one of the unit in which the values are (metres: cm 100).
        unit_penalty: the part of the share that a wrong or missing unit costs, where there are units.
    """

    answers: list[NumericAnswer]
    units: dict[str, Number] = {}
    unit_penalty: Number = "1"


class AcceptedText(Part, frozen=True, kw_only=True):
    """A form of the answer."""

    text: str
    share: Number = "1"
    feedback: str = ""


class ShortTextKey(_Hidden, frozen=True, kw_only=True, tag="short_text"):
    """
    Accepted forms; the best share of those that fit counts. Texts are compared in Unicode's form NFC.

    Attributes:
        spaces: `collapse`: those at the ends do not count, and several are one; `ignore`: none counts; `exact`: all do.
        wildcards: a `*` in a form stands for any characters, `\\*` for itself (Moodle's short answer).
    """

    accepted: list[AcceptedText]
    case_sensitive: bool = False
    spaces: Spaces = "collapse"
    wildcards: bool = False


class OrderingKey(_Hidden, frozen=True, kw_only=True, tag="ordering"):
    """All options in the right order."""

    order: list[str]
    rule: OrderRule = "all_or_nothing"


class MatchingKey(_Hidden, frozen=True, kw_only=True, tag="matching"):
    """The right choice for each prompt."""

    pairs: dict[str, str]
    rule: MatchRule = "each_pair"


GapKey: TypeAlias = SingleChoiceKey | ShortTextKey | NumericKey


class ClozeKey(_Hidden, frozen=True, kw_only=True, tag="cloze"):
    """The key of each gap, by its id."""

    gaps: dict[str, GapKey]


class EssayKey(_Hidden, frozen=True, kw_only=True, tag="essay"):
    """What a person grades by: a rubric, and words of guidance."""

    rubric: list[Criterion] = []
    guidance: str = ""


class FileUploadKey(_Hidden, frozen=True, kw_only=True, tag="file_upload"):
    """What a person grades by: a rubric, and words of guidance."""

    rubric: list[Criterion] = []
    guidance: str = ""


Key: TypeAlias = (
    SingleChoiceKey
    | MultipleChoiceKey
    | TrueFalseKey
    | NumericKey
    | ShortTextKey
    | OrderingKey
    | MatchingKey
    | ClozeKey
    | EssayKey
    | FileUploadKey
)


def feedback_of(key: Key, feedback_id: str) -> str:
    """
    The text of a feedback that `domain.questions.mark` names; empty if the key has none of this id.

    `general`, `right`, `partly` and `wrong` are those of the whole question, `option.ID` that of an option, `answer.N`
    that of a value or form, counted from 0; before those of a gap stand its id and a slash.
    """
    gap_id, slash, of_gap = feedback_id.partition("/")
    if slash:
        gap = key.gaps.get(gap_id) if isinstance(key, ClozeKey) else None
        return feedback_of(gap, of_gap) if gap is not None else ""
    if feedback_id == "general":
        return key.general
    if feedback_id in ("right", "partly", "wrong"):
        return str(getattr(key, f"when_{feedback_id}"))
    what, _, which = feedback_id.partition(".")
    if what == "option" and isinstance(key, SingleChoiceKey | MultipleChoiceKey):
        return key.feedback.get(which, "")
    answers: list[NumericAnswer] | list[AcceptedText] = []
    if isinstance(key, NumericKey):
        answers = key.answers
    elif isinstance(key, ShortTextKey):
        answers = key.accepted
    return answers[int(which)].feedback if what == "answer" and which.isdecimal() and int(which) < len(answers) else ""
