"""
Questions in SQL, answered as frames.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from adapters.postgres import analytics
from adapters.postgres.analytics import Parameters, Refused, TooManyRows
from adapters.settings import Settings
from campuslog.errors import BadArgument, BadQuery, NotThere
from campuslog.frames import frame_of_answer
from campuslog.sync import run
from campuslog.validation import is_text

MOST_ROWS = 1_000_000  # of an answer, unless more are allowed
PATIENCE = 60.0  # seconds
LONGEST = 86_400.0  # seconds


def ask(settings: Settings, query: Any, parameters: Parameters | None, *, limit: int, timeout: Any) -> pl.DataFrame:
    """The answer; raises as `Campus.sql`."""
    if not is_text(query) or not query.strip():
        raise BadArgument(f"query={query!r} is no statement of SQL (str)")
    if isinstance(parameters, str | bytes) or not isinstance(parameters, Sequence | Mapping | None):
        raise BadArgument(f"parameters={parameters!r} are no list of values, and no dict of them by name")
    if type(limit) is not int or limit < 0:
        raise BadArgument(f"limit={limit!r} is no number of rows")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0.001 <= timeout <= LONGEST:
        raise BadArgument(f"timeout={timeout!r} is no number of seconds up to {LONGEST:,.0f}")
    if not settings.postgres_analyst_url:
        raise NotThere("this campus has no role for analysts: set CAMPUS_POSTGRES_ANALYST_URL (docs/analytics.md)")
    try:
        answer = run(analytics.ask(settings, query, parameters, limit=limit, timeout=timeout))
    except Refused as refused:
        raise BadQuery(str(refused)) from refused
    except UnicodeEncodeError as error:
        raise BadArgument(f"{error.object!r} is no text that a campus can have") from error
    except TooManyRows as many:
        raise BadQuery(
            f"the answer has more than {limit:,} rows: let SQL add them up, or allow them with `limit`"
        ) from many
    if twice := [name for name, number in Counter(name for name, _ in answer.columns).items() if number > 1]:
        raise BadQuery(f"two columns of the answer are called {twice[0]}: name one with AS")
    return frame_of_answer(answer, {})
