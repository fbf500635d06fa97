"""
Types of the words in answers, for the description of the API; to everything else they are text.

What this code writes is a closed set. What was published by an earlier version may have another word, since that
version took any: such a set may grow, and a client must expect it to. Rows of read models say `str`: with these types
each read model would depend on every context.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from domain.catalog import COMPLETION_RULES, GRADING_POLICIES, PACINGS
from domain.deadlines import DUE_FROM
from domain.enrollment_errors import Status, WaitsFor
from domain.grading import OUTCOMES
from domain.registry import FACTS


def closed(words: Iterable[str]) -> msgspec.Meta:
    """No other words than these; nothing is checked when a value is read."""
    return msgspec.Meta(extra_json_schema={"enum": list(words)})


def growing(words: Iterable[str]) -> msgspec.Meta:
    """These words, and others that an earlier version took."""
    return msgspec.Meta(extra_json_schema={"x-extensible-enum": list(words)})


EnrollmentStatus = Annotated[str, closed(Status)]
Waits = Annotated[str, closed(WaitsFor)]
Outcome = Annotated[str, closed(OUTCOMES)]
FactType = Annotated[str, closed(FACTS)]
RunStatus = Annotated[str, closed(("scheduled", "open", "closed"))]
Pacing = Annotated[str, growing(PACINGS)]
DueFrom = Annotated[str, closed(DUE_FROM)]
CompletionRule = Annotated[str, growing(COMPLETION_RULES)]
GradingPolicy = Annotated[str, growing(GRADING_POLICIES)]
Day = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
