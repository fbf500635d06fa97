"""
`known_at` and `valid_at`: a query answered as of another moment, from facts that are folded for it.

`known_at` is a position or a time: what the log held by then. `valid_at` is a time: only facts that had happened by
then. A day means its end (UTC). An answer says for which position, times and code it is true; where the position was
named it never changes, and clients may keep it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator, WithJsonSchema

from adapters.postgres.as_of.moments import moment_at
from api.http.errors import BadRequest
from api.http.looks import Reason, record_look
from api.http.services import get_services
from api.http.types import TIME
from projections.engine.fingerprint import code_digest
from projections.engine.moment import Moment
from projections.engine.projection import Projection

LARGEST = 2**63 - 1  # of PostgreSQL's bigint, which counts positions
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
KEPT = "private, max-age=31536000, immutable"  # how far an answer that never changes may be cached
A_TIME = [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
A_POSITION = {"type": "integer", "minimum": 0, "maximum": LARGEST}


def _time(text: object) -> object:
    """A time, or the end of a day, as text; anything else is left to the type to refuse."""
    if isinstance(text, str) and DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    return TIME.validate_python(text)


def position_or_time(text: object) -> object:
    if isinstance(text, str) and text.isascii() and text.isdigit():
        if int(text) > LARGEST:
            raise ValueError(f"a position is at most {LARGEST}")
        return int(text)
    return _time(text)


KnownAt = Annotated[
    int | datetime | None,
    BeforeValidator(position_or_time),
    WithJsonSchema({"anyOf": [A_POSITION, *A_TIME]}),
    Query(description="What the log held by then: a position, a time, or a day.", examples=[1713]),
]
ValidAt = Annotated[
    datetime | None,
    BeforeValidator(_time),
    WithJsonSchema({"anyOf": A_TIME}),
    Query(description="Only what had happened by then: a time, or a day.", examples=["2026-02-28"]),
]


async def _moment(
    request: Request, known_at: KnownAt = None, valid_at: ValidAt = None, reason: Reason = None
) -> Moment | None:
    """
    The moment that a query asks for; None for the present.

    That it is asked about a learner, named by the path or the query string, is recorded here, so that no route forgets
    it. A query for the present is recorded if a reason is given.
    """
    moment = None
    if known_at is not None and "min_position" in request.query_params:
        raise BadRequest("min_position asks for what is new, and known_at for what was known: leave one of them out")
    if known_at is not None or valid_at is not None:
        moment = await moment_at(get_services(request).log, known_at, valid_at)
    learner_id = request.path_params.get("learner_id") or request.query_params.get("learner_id")
    if learner_id is not None and (moment is not None or reason is not None):
        await record_look(request, learner_id, request.scope["path"], moment)
    return moment


AsOf = Annotated[Moment | None, Depends(_moment)]


def headers_at(moment: Moment | None, *projections: Projection) -> Mapping[str, str]:
    """The headers by which an answer as of a moment says what it is true for; none for the present."""
    if moment is None:
        return {}
    rules = [f"{each.name};v={each.version};code={code_digest(each)}" for each in projections]
    headers = {"campus-rules": ", ".join(rules)} if rules else {}
    if moment.known_at is not None:
        headers["campus-known-at"] = moment.known_at.isoformat()
    if moment.valid_at is not None:
        headers["campus-valid-at"] = moment.valid_at.isoformat()
    if moment.is_fixed:
        headers["cache-control"] = KEPT
    return headers
