"""The types of ids, texts and numbers in requests: what fits the log and every read model, and nothing else."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, TypeAdapter

from domain.admin.tickets import TICKET_PATTERN

ID = r"^(\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*|\.{3,})$"  # without `.` and `..`, which no URL can address
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"  # nor what turns the direction of other text
LONGEST_ID = 64  # characters
NO_NUL = r"^[^\x00]*$"  # PostgreSQL's text cannot hold it
ADDRESS = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
)
"""An e-mail address in ASCII."""
HEX_ID = r"^[0-9a-f]{32}$"
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
EXPECTED = {
    ID: f"an id of 1 to {LONGEST_ID} letters, digits, `_`, `-` and `.`",
    TIME_OF_DAY: "a time of day, such as 08:00",
    HEX_ID: "an id of 32 hexadecimal digits",
    NO_CONTROLS: "a text without line ends, and without characters that are not shown",
    NO_NUL: "a text without the character NUL",
    ADDRESS: "an e-mail address, such as ada@example.org; a domain in another script as `xn--…`",
    TICKET_PATTERN.pattern: "a ticket, such as HELP-123",
}
"""What a text has to be, for people, by its pattern."""
NOT_BLANK: dict[str, Any] = {
    "pattern": r"^[^\x00]*[^\x00\s\x1c-\x1f][^\x00]*$"
}  # what `_said` takes, for the description


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say why: white space alone is no reason")
    return text.strip()


Id = Annotated[str, Field(pattern=ID, min_length=1, max_length=64)]
ActingFor = Annotated[Id | None, Field(description="For staff who act for a learner; the user if left out.")]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=10_000, pattern=NO_NUL)]
Reason = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NO_NUL, json_schema_extra=NOT_BLANK), AfterValidator(_said)
]
"""Why something is done, for those who find it in the facts."""
LongReason = Annotated[
    str, Field(min_length=1, max_length=10_000, pattern=NO_NUL, json_schema_extra=NOT_BLANK), AfterValidator(_said)
]
ShownStatus = Literal[
    "requested", "waitlisted", "offered", "active", "withdrawn", "expired", "completed", "suspended", "ended"
]
"""Where a place on a run stands, as it is shown."""
LONGEST_STATEMENT = 20_000  # characters
Statement = Annotated[str, Field(min_length=1, max_length=LONGEST_STATEMENT, pattern=NO_NUL)]
"""A question of an analyst in SQL."""
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", max_length=40)]


def one_of(words: Iterable[str]) -> Any:
    """For the description: the words of a closed set. The domain checks them, and reads some in capitals."""
    return Field(json_schema_extra={"enum": [*sorted(words)]})


BasisPoints = Annotated[int, Field(ge=0, le=10_000)]


def _within_reason(at: datetime) -> datetime:
    """A time to which years can be added, and from which they can be taken."""
    if not 1900 < at.year < 2200:
        raise ValueError("a time between the years 1900 and 2200")
    return at.astimezone(UTC)


def _written_out(at: object) -> object:
    """A time as text, as RFC 3339 has it: a bare number would be taken for seconds, or for milliseconds."""
    if not isinstance(at, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]", at):
        raise ValueError("a time as 2026-02-01T09:00:00Z")
    return at


Time = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_within_reason)
]  # JSON writes times as text
TIME: TypeAdapter[datetime] = TypeAdapter(Time)


def is_id(text: str) -> bool:
    """Whether a text is an id; for lists of ids, which are one parameter."""
    return len(text) <= LONGEST_ID and re.fullmatch(ID, text) is not None


ReadModelName = Annotated[
    str, Path(pattern=r"^[a-z_]{1,64}$", max_length=64, description="The read model.", examples=["gradebook"])
]
LearnerId = Annotated[str, Path(pattern=ID, max_length=64, description="The learner.", examples=["28400"])]
CourseId = Annotated[str, Path(pattern=ID, max_length=64, description="The course.", examples=["algebra"])]
RunId = Annotated[str, Path(pattern=ID, max_length=64, description="The course run.", examples=["algebra-2026"])]
QuizId = Annotated[str, Path(pattern=ID, max_length=64, description="The quiz.", examples=["algebra-2026-q1"])]
AttemptNo = Annotated[int, Path(ge=1, le=1_000, description="Attempts count from 1.", examples=[1])]
Version = Annotated[int, Path(ge=1, le=100_000, description="The version of the course.", examples=[1])]
Limit = Annotated[int, Query(ge=1, le=200, description="Entries on a page.", examples=[50])]
