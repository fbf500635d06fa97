"""
Whether a session or a token still stands, by the log: a fact that ends it holds from when it is recorded.

The row beside the log is taken away after that fact, by the process that has recorded it, which may die in between. So
a look-up does not trust the row alone: it asks for the fact that has begun the session, and for one after that which
ends it. A row without its fact stands for nothing (decisions/0267).
"""

from collections.abc import Sequence

from domain.auth import Credentials, Session, Token
from domain.user import User

ENDS = (
    Session.Revoked.TOPIC,
    Token.Revoked.TOPIC,
    Credentials.PasswordSet.TOPIC,
    User.ErasureRequested.TOPIC,
    User.Suspended.TOPIC,
    User.RegistrationLapsed.TOPIC,
)
"""Facts of a session, of a token and of their person after which what was begun before is over, for good."""


def stands(table: str, category: str, name: str, ends: Sequence[str] = ENDS) -> str:
    """
    The condition that a row of *table* stands by the log.

    Args:
        category: of the stream of its own, whose ids are `learner_id` and the column *name*.
    """
    own = f"'{category}-' || {table}.learner_id || ':' || {table}.{name}"
    of_person = [f"'{each}-' || {table}.learner_id" for each in (Credentials.category, User.category)]
    streams = ", ".join(f'({each}) COLLATE "C"' for each in (own, *of_person))
    types = ", ".join(f"'{each}'" for each in ends)
    return f"""(
        SELECT NOT EXISTS (
            SELECT FROM events AS ended
             WHERE ended.stream_id = ANY(ARRAY[{streams}]) AND ended.type IN ({types})
               AND ended.position > begun.position)
          FROM events AS begun WHERE begun.stream_id = ({own}) COLLATE "C" AND begun.stream_version = 1)"""
