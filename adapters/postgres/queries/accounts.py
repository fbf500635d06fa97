"""Accounts: the SQL over the rows of projections/accounts.py, in which what is personal is sealed."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.user import AccountStatus
from domain.words import closed
from projections.accounts import AccountRow


class ListedAccount(msgspec.Struct, kw_only=True):
    """An account without what is personal."""

    learner_id: str
    status: Annotated[str, closed(status for status in AccountStatus if status is not AccountStatus.NONE)]
    registered_at: datetime
    verified_at: datetime | None
    erased_at: datetime | None


LISTED = ListedAccount(
    learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
    status="erased",
    registered_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
    verified_at=datetime(2026, 2, 1, 9, 5, tzinfo=UTC),
    erased_at=datetime(2026, 2, 20, 9, tzinfo=UTC),
)

ACCOUNT = f"""
SELECT {CHECKPOINT.format("accounts")}, (
    SELECT {json_object(AccountRow)}::text FROM accounts
     WHERE learner_id = %(learner)s AND registered_at IS NOT NULL)
"""
PAGE = f"""
SELECT {CHECKPOINT.format("accounts")}, page.learner_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, {json_object(ListedAccount)}::text AS body FROM accounts
     WHERE registered_at IS NOT NULL AND learner_id > %(after)s AND (%(status)s::text IS NULL OR status = %(status)s)
     ORDER BY learner_id LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id
"""
_decode = msgspec.json.Decoder(AccountRow).decode


class FoundAccount(NamedTuple):
    """An account, None if there is none, and the position for which that is true."""

    row: AccountRow | None
    position: int


async def account(reader: Reader, learner_id: str) -> FoundAccount:
    """One account."""
    answer = await reader.answer(ACCOUNT, {"learner": learner_id})
    return FoundAccount(None if answer.body is None else _decode(answer.body), answer.position)


async def accounts(reader: Reader, status: str | None, after: str, limit: int) -> RowPage:
    """A page of accounts in the order of their ids, of all or of one status."""
    return await reader.page(PAGE, {"status": status, "after": after, "limit": limit})
