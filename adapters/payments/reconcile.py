"""
A reconciliation: what the provider lists, held against facts and the books.

The provider is asked first, page by page, and what it says is kept in a temporary file. Then the rows of one moment are
read beside it, by a thread. What is newer than the first look at the log counts as on its way.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, PatientSyncConnection, connect, options
from adapters.postgres.ops.reconciliations import Outcome, Overpaid, Totals
from adapters.postgres.queries import reconciliation
from adapters.postgres.queries.reconciliation import Rows, Seen, Whose
from adapters.settings import Settings
from adapters.spill import SqliteDatabase
from commands.payment.provider import Movement, Provider
from domain.payment.access_check import check_order
from domain.payment.reconciliation import (
    DISPUTE,
    PAYMENT,
    PAYOUT,
    REFUND,
    Kind,
    Money,
    Result,
    Side,
    balance,
    compare,
)

GRACE = timedelta(minutes=15)  # what is younger may be on its way
LATE = timedelta(days=4)  # a message of the provider may come, and so a fact be later than what it says
STATEMENT_TIMEOUT = 600_000  # milliseconds
MOST_ASKED = 100  # charges of which only the provider knows whether they are of a subscription of ours
BATCH = 1_000  # entries
UNDERWAY = ("pending", "in_transit")

SPOOL = """
CREATE TABLE listed (body BLOB);
CREATE TABLE placed (what TEXT, name TEXT, body BLOB);
"""


Advance = Callable[[int], None]


async def reconcile(
    settings: Settings,
    provider: Provider,
    *,
    since: datetime | None = None,
    grace: timedelta = GRACE,
    advance: Advance | None = None,
) -> Outcome:
    """
    Compare facts, the books and the provider.

    Args:
        since: leave out money that was first heard of before.
        grace: what is younger counts as on its way.
        advance: gets the number of entries that the provider has listed since it was called before.

    Raises:
        ProviderAway, ProviderRefused: there is no list to compare with.
    """
    clock = settings.clock()
    async with await connect(settings, application="reconciliation") as connection:
        at, seen = clock.now(), await reconciliation.seen(connection)
        until = at if seen.unseen_since is None else min(at, seen.unseen_since + clock.shift)
        with SqliteDatabase(SPOOL) as spool:
            listing = _Listing(spool, provider, advance or (lambda _: None))
            before = await provider.balance()
            await listing.read(None if since is None else since - LATE)
            steady = before == await provider.balance()
            await listing.place(connection)
            result = Result(until - grace, await reconciliation.busy(connection))
            run = _Run(at, since, seen, before if steady and since is None else None)
            return await asyncio.to_thread(_judge, settings, listing, result, run)


@dataclass
class _Run:
    at: datetime
    since: datetime | None
    seen: Seen
    balance: dict[str, int] | None


class _Listing:
    """What the provider lists, in a temporary file; *sums* by currency."""

    def __init__(self, spool: SqliteDatabase, provider: Provider, advance: Advance) -> None:
        self._spool, self._provider, self._advance = spool, provider, advance
        self._asked = 0
        self.sums: dict[str, int] = {}

    async def read(self, since: datetime | None) -> None:
        """Take all entries from the provider."""
        async for each in self._provider.movements(since):
            body = msgspec.json.encode(each)
            self._spool.append("INSERT INTO listed VALUES (?)", (body,))
            self.sums[each.balance.currency] = self.sums.get(each.balance.currency, 0) + each.balance.net
            self._advance(1)

    async def place(self, connection: psycopg.AsyncConnection) -> None:
        """Find out what of ours each entry is about."""
        decode = msgspec.json.Decoder(Movement).decode
        bunch: list[Movement] = []
        for (body,) in self._spool.select("SELECT body FROM listed"):
            bunch.append(decode(body))
            if len(bunch) == BATCH:
                await self._place(connection, bunch)
                bunch = []
        await self._place(connection, bunch)

    async def _place(self, connection: psycopg.AsyncConnection, bunch: list[Movement]) -> None:
        ids = {each.intent_id for each in bunch if each.intent_id}
        whose: dict[str, Whose | None] = {**await reconciliation.intents(connection, sorted(ids))}
        for each in bunch:
            if each.intent_id and each.intent_id not in whose and not each.ours.learner_id:
                whose[each.intent_id] = await self._of_subscription(each)
            said = _money(each, whose.get(each.intent_id or ""))
            body = msgspec.json.encode(said)
            self._spool.append("INSERT INTO placed VALUES (?, ?, ?)", (*said.place, body))

    async def _of_subscription(self, each: Movement) -> Whose | None:
        """Whose a charge is that no fact knows and that names nothing of ours: it may be of a subscription."""
        if each.intent_id is None or self._asked >= MOST_ASKED:
            return None
        self._asked += 1
        provider_id = await self._provider.subscription_of("payment_intent", each.intent_id)
        ours = None if provider_id is None else (await self._provider.subscription(provider_id)).ours
        if ours is None or not (ours.learner_id and ours.subscription_id):
            return None
        return Whose(ours.learner_id, each.intent_id, ours.order_id)

    def said(self) -> Iterator[Money]:
        """All of it, in the order of places."""
        decode = msgspec.json.Decoder(Money).decode
        return (decode(body) for (body,) in self._spool.select("SELECT body FROM placed ORDER BY what, name"))


def _money(each: Movement, owner: Whose | None) -> Money:
    """An entry of the provider, at its place; what belongs to nothing of ours is at a place of its own."""
    learner_id = each.ours.learner_id or (None if owner is None else owner.learner_id)
    source, kind = each.source_id or each.balance.balance_id, each.kind
    what, name, is_ours = "other", source, learner_id is not None
    if kind.startswith("payout"):
        what, is_ours = PAYOUT, True
    elif kind.startswith("charge"):
        what = PAYMENT
        name = owner.payment_id if owner is not None else each.ours.payment_id or each.intent_id or source
    elif "refund" in kind:
        what, name = REFUND, each.ours.refund_id or source
    elif kind.startswith("dispute"):
        what = DISPUTE
    return Money(
        side=Side.PROVIDER,
        place=(what, f"{learner_id}:{name}" if learner_id else name),
        currency=each.balance.currency,
        amount=each.balance.amount,
        fee=each.balance.fee,
        at=each.created,
        ours=is_ours,
        moving=what == PAYOUT and each.status in UNDERWAY,
        learner_id=learner_id,
        order_id=each.ours.order_id or (None if owner is None else owner.order_id),
        provider_id=each.intent_id if what == PAYMENT else source,
    )


def _judge(settings: Settings, listing: _Listing, result: Result, run: _Run) -> Outcome:
    """Compare, and note what access does not follow from."""
    with PatientSyncConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        options=options(settings.schema_name, statement_timeout=STATEMENT_TIMEOUT),
        application_name="campus:reconciliation",
        connect_timeout=CONNECT_TIMEOUT,
    ) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        rows, clearing = Rows(connection), dict[str, int]()
        compare(rows.facts(), _summed(rows.ledger(), clearing), listing.said(), result, run.since)
        if run.balance is not None:
            balance(result, clearing, run.balance, listing.sums)
        known = {each.provider_id for each in result.findings}
        for order in rows.paid(run.since):
            check_order(order, result, run.at)
        for finding, newest in rows.access(run.at):
            result.add(finding, newest)
        for intent_id, finding in rows.messages(run.since):
            if not {intent_id, finding.provider_id} & known:
                result.add(finding)
        overpaid = [Overpaid(currency=name, orders=n, amount=amount) for name, n, amount in rows.overpaid()]
    return Outcome(
        at=run.at,
        until=result.horizon,
        since=run.since,
        position=run.seen.head,
        positions=run.seen.positions,
        counts={kind.value: result.counts[kind.value] for kind in Kind},
        pending=result.pending,
        others=result.others,
        balances=None if run.balance is None else _totals(result),
        findings=result.findings,
        overpaid=overpaid,
    )


def _totals(result: Result) -> list[Totals]:
    fields = ("currency", "provider", "ledger", "others", "pending", "found")
    return [
        Totals(**{name: getattr(books, name) for name in fields}) for _, books in sorted(result.books.items())
    ]  # fmt: skip


def _summed(said: Iterator[Money], sums: dict[str, int]) -> Iterator[Money]:
    for each in said:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
        yield each
