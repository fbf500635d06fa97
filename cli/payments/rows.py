"""What the campus shows of a simulation: facts of its learners, who is on its runs, what the ledger has booked."""

from collections.abc import Iterable
from typing import Any

import msgspec

from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import ledger
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from cli.console import MOST_ROWS
from cli.payments.client import Client
from cli.payments.count import Books
from cli.payments.our_side import OurSide, fold
from domain.payment.posting import CLEARING

FACTS = 5_000  # of a page
LEARNERS = 200


async def head(settings: Settings) -> int:
    """The last position of the log."""
    log = await PostgresLog.open(settings)
    try:
        return await log.head()
    finally:
        await log.close()


async def facts_since(settings: Settings, position: int, tag: str) -> OurSide:
    """The side of all facts about learners whose ids begin with a tag."""
    log = await PostgresLog.open(settings)
    found, mine = [], f"-{tag}-"
    try:
        while page := await log.read(position, FACTS):
            position = page[-1].position
            found += [fact for fact in readable(page) if mine in fact.stream_id]
    finally:
        await log.close()
    return fold(found)


async def seats_of(client: Client, runs: Iterable[str]) -> dict[tuple[str, str], str]:
    """The status of each learner on these runs."""
    seats: dict[tuple[str, str], str] = {}
    for run in runs:
        cursor: dict[str, Any] = {}
        while True:
            page = await client.get(f"/runs/{run}/learners", limit=LEARNERS, **cursor)
            seats |= {(each["learner_id"], run): each["status"] for each in page["items"]}
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
    return seats


async def books_of(settings: Settings, orders: Iterable[str]) -> Books:
    """The sums of the ledger, and what these orders have on the account of the provider."""
    mine = set(orders)
    reader = Reader(settings)
    await reader.open()
    try:
        answer = await ledger.balances(reader, ledger.Span())
        listed = await ledger.entries(reader, {"account": CLEARING}, None, MOST_ROWS)
    finally:
        await reader.close()
    books = Books({}, {})
    for each in msgspec.json.decode(answer.body or b'{"balances":[]}')["balances"]:
        books.sums[each["currency"]] = books.sums.get(each["currency"], 0) + each["balance"]
    for row in listed.page.rows:
        entry = msgspec.json.decode(row[-1])
        for posting in entry["postings"] if entry["order_id"] in mine else ():
            if posting["account"] == CLEARING:
                currency = posting["currency"]
                books.clearing[currency] = books.clearing.get(currency, 0) + posting["amount"]
    return books
