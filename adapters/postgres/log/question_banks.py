"""The facts of question banks, by the ranges of their streams in the index of streams and versions."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact
from domain.question_bank import BankQuestion, QuestionBank
from projections.engine.rows import Unreadable

# A bank, and its questions: two ranges of the index.
OF_BANK = f"""
SELECT {COLUMNS} FROM events
 WHERE stream_id = '{QuestionBank.category}-' || %(bank)s::text AND position > %(after)s
UNION ALL
SELECT {COLUMNS} FROM events
 WHERE stream_id >= '{BankQuestion.category}-' || %(bank)s || ':'
   AND stream_id < '{BankQuestion.category}-' || %(bank)s || ';' AND position > %(after)s
ORDER BY position
"""

BANKS = f"""
SELECT {COLUMNS} FROM events
 WHERE stream_id >= '{QuestionBank.category}-' AND stream_id < '{QuestionBank.category}.'
 ORDER BY position
"""

QUESTION_IDS = f"""
SELECT split_part(stream_id, ':', 2) FROM events
 WHERE stream_id >= '{BankQuestion.category}-' || %(bank)s || ':'
   AND stream_id < '{BankQuestion.category}-' || %(bank)s || ';'
   AND stream_version = 1
"""


async def facts_of_bank(connection: Connection, bank_id: str, after: int = 0) -> tuple[int, list[Fact]]:
    """The head of the log, and the facts of a bank and of its questions after a position, in the order of the log."""
    head = await read_head(connection)
    if head == after:
        return head, []
    cursor = await connection.execute(OF_BANK.encode(), {"bank": bank_id, "after": after}, binary=True)
    return head, _readable([fact_of(row) for row in await cursor.fetchall()])


async def facts_of_banks(connection: Connection) -> tuple[int, list[Fact]]:
    """The head of the log, and the facts of all banks without those of their questions."""
    head = await read_head(connection)
    cursor = await connection.execute(BANKS.encode(), binary=True)
    return head, _readable([fact_of(row) for row in await cursor.fetchall()])


async def question_ids(connection: Connection, bank_id: str) -> set[str]:
    """The ids of all questions of a bank, also of those that are retired."""
    cursor = await connection.execute(QUESTION_IDS.encode(), {"bank": bank_id})
    return {question_id for (question_id,) in await cursor.fetchall()}


def _readable(facts: list[Fact | Unreadable]) -> list[Fact]:
    return [fact for fact in facts if not isinstance(fact, Unreadable)]
