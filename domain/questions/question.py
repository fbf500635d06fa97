"""
Questions: what a learner is shown. What is right stands in the key (domain/questions/key.py), which no learner sees.

The kinds are those of the field (IMS QTI interactions, Moodle question types). A kind is a word in stored facts: it is
never renamed, and its fields only grow, with defaults.
"""

from typing import Literal, TypeAlias

from domain.questions.base import Part, Tagged
from domain.questions.numbers import Number

Format = Literal["plain", "markdown", "html"]
"""How all texts of a question and of its key are written. HTML is cleaned before it is stored, and when it is shown."""


class Option(Part, frozen=True, kw_only=True):
    """
    Something to choose, to order or to match.

    Attributes:
        option_id: what responses and keys name; it says nothing about what is right.
        fixed: it keeps its place when the others are shuffled, as "none of these" does.
    """

    option_id: str
    text: str
    fixed: bool = False


class _Asked(Tagged, frozen=True, kw_only=True):
    """
    What every question has.

    Attributes:
        points: what it is worth, above 0.
        hints: texts that are shown one by one, when a learner asks and the policy allows it.
        hint_penalty: the share of the points that each hint costs.
    """

    question_id: str
    text: str
    format: Format = "plain"
    points: Number = "1"
    hints: list[str] = []
    hint_penalty: Number = "0"


class SingleChoice(_Asked, frozen=True, kw_only=True, tag="single_choice"):
    """One of several options; *shuffle* lets each learner have them in an order of their own."""

    options: list[Option]
    shuffle: bool = False


class MultipleChoice(_Asked, frozen=True, kw_only=True, tag="multiple_choice"):
    """Any number of several options, or between *min_choices* and *max_choices* (None: as many as there are)."""

    options: list[Option]
    shuffle: bool = False
    min_choices: int = 0
    max_choices: int | None = None


class TrueFalse(_Asked, frozen=True, kw_only=True, tag="true_false"):
    """Whether a statement is true."""


class Numeric(_Asked, frozen=True, kw_only=True, tag="numeric"):
    """
    A number.

    Attributes:
        units: units to choose from, right ones and others.
        with_unit: a unit is typed after the number.
    """

    units: list[str] = []
    with_unit: bool = False


class ShortText(_Asked, frozen=True, kw_only=True, tag="short_text"):
    """A word or a few, at most *max_length* characters."""

    max_length: int = 200


class Ordering(_Asked, frozen=True, kw_only=True, tag="ordering"):
    """Options to be put in order. They are listed in another order than the right one, and always shown shuffled."""

    options: list[Option]


class Matching(_Asked, frozen=True, kw_only=True, tag="matching"):
    """
    For each prompt the choice that belongs to it.

    Attributes:
        prompts: what is asked, in this order.
        choices: what may be chosen, some perhaps for no prompt.
        shuffle: each learner has the choices in an order of their own.
        reuse: one choice may be given to several prompts.
    """

    prompts: list[Option]
    choices: list[Option]
    shuffle: bool = False
    reuse: bool = True


Gap: TypeAlias = SingleChoice | ShortText | Numeric
"""A gap of a text: a small question, whose id is the gap's, and whose points are its weight among the gaps."""


class Cloze(_Asked, frozen=True, kw_only=True, tag="cloze"):
    """A text with gaps: `{{id}}` stands in the text where the gap of this id is."""

    gaps: list[Gap]


class Essay(_Asked, frozen=True, kw_only=True, tag="essay"):
    """A text that a person grades; words are counted between spaces, None for no limit."""

    min_words: int | None = None
    max_words: int | None = None
    lines: int = 15


class FileUpload(_Asked, frozen=True, kw_only=True, tag="file_upload"):
    """
    Files that a person grades.

    Attributes:
        accept: media types (`application/pdf`, `image/*`) or endings (`.pdf`); empty for any.
        max_bytes: of one file.
    """

    max_files: int = 1
    max_bytes: int = 10_000_000
    accept: list[str] = []


Question: TypeAlias = (
    SingleChoice | MultipleChoice | TrueFalse | Numeric | ShortText | Ordering | Matching | Cloze | Essay | FileUpload
)
