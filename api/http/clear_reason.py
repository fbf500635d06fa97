"""The type of a reason that is about no person, and so is never sealed."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api.http.types import LongReason, Reason
from domain.admin.clear_words import check_clear
from domain.errors import DomainError


def _names_none(text: str) -> str:
    try:
        return check_clear(text)
    except DomainError as error:
        raise ValueError(error.sentence) from error


ClearReason = Annotated[
    Reason,
    Field(description="Why. It stays in clear, and for ever: name no person in it."),
    AfterValidator(_names_none),
]
"""Why something is done that is no person's: no key seals it that could be destroyed (docs/privacy.md)."""
LongClearReason = Annotated[
    LongReason,
    Field(description="Why. It stays in clear, and for ever: name no person in it."),
    AfterValidator(_names_none),
]
