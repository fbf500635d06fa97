"""
Responses: what a learner answers, by the ids of what was shown, so that no order matters in which it was shown.

No response at all (None) is an answer to no question of any kind: it earns nothing, and no person has to look at it.
"""

from typing import TypeAlias

from domain.questions.base import Part, Tagged


class SingleChoiceResponse(Tagged, frozen=True, kw_only=True, tag="single_choice"):
    """The chosen option."""

    option_id: str


class MultipleChoiceResponse(Tagged, frozen=True, kw_only=True, tag="multiple_choice"):
    """The chosen options, in any order."""

    option_ids: list[str]


class TrueFalseResponse(Tagged, frozen=True, kw_only=True, tag="true_false"):
    """Whether the learner takes the statement for true."""

    answer: bool


class NumericResponse(Tagged, frozen=True, kw_only=True, tag="numeric"):
    """The number as it was typed, perhaps with its unit after it, or with one that was chosen."""

    value: str
    unit: str = ""


class ShortTextResponse(Tagged, frozen=True, kw_only=True, tag="short_text"):
    """The words as they were typed."""

    text: str


class OrderingResponse(Tagged, frozen=True, kw_only=True, tag="ordering"):
    """The options in the learner's order; some may be missing."""

    order: list[str]


class MatchingResponse(Tagged, frozen=True, kw_only=True, tag="matching"):
    """The choice for each prompt; some prompts may be missing."""

    pairs: dict[str, str]


GapResponse: TypeAlias = SingleChoiceResponse | ShortTextResponse | NumericResponse


class ClozeResponse(Tagged, frozen=True, kw_only=True, tag="cloze"):
    """What was filled into each gap; some may be missing."""

    gaps: dict[str, GapResponse]


class EssayResponse(Tagged, frozen=True, kw_only=True, tag="essay"):
    """The text as it was typed."""

    text: str


class UploadedFile(Part, frozen=True, kw_only=True):
    """A file that lies outside of the log, by the SHA-256 of its bytes in hex."""

    name: str
    sha256: str
    size: int
    media_type: str


class FileUploadResponse(Tagged, frozen=True, kw_only=True, tag="file_upload"):
    """What was handed in."""

    files: list[UploadedFile]


Response: TypeAlias = (
    SingleChoiceResponse
    | MultipleChoiceResponse
    | TrueFalseResponse
    | NumericResponse
    | ShortTextResponse
    | OrderingResponse
    | MatchingResponse
    | ClozeResponse
    | EssayResponse
    | FileUploadResponse
)
