"""Accounts: the SQL over the rows of projections/accounts.py, in which what is personal is sealed."""

from typing import NamedTuple

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader
from projections.accounts import AccountRow

ACCOUNT = f"""
SELECT {CHECKPOINT.format("accounts")}, (
    SELECT {json_object(AccountRow)}::text FROM accounts
     WHERE learner_id = %(learner)s AND registered_at IS NOT NULL)
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
