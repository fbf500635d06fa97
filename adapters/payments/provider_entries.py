"""What the provider lists of our account, in a temporary file, each entry at the place of what it is about."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
import psycopg

from adapters.postgres.queries import reconciliation
from adapters.postgres.queries.reconciliation import Whose
from adapters.spill import SqliteDatabase
from commands.payment.provider import Movement, Provider
from domain.payment.reconciliation import DISPUTE, OTHER, PAYMENT, PAYOUT, REFUND, Money, Place, Side
from domain.payment.standing import Standing

MOST_ASKED = 100  # charges of which only the provider knows whether they are of a subscription of ours
BATCH = 1_000  # entries
UNDERWAY = ("pending", "in_transit")

SPOOL = """
CREATE TABLE listed (body BLOB);
CREATE TABLE standing (what TEXT, name TEXT PRIMARY KEY, body BLOB);
CREATE TABLE placed (what TEXT, name TEXT, entry TEXT PRIMARY KEY, body BLOB);
"""

Advance = Callable[[int], None]


class ProviderEntries:
    """
    Entries of our account at the provider.

    Attributes:
        sums: of all that were read, by currency.
        standings: what stands beside them.
    """

    def __init__(self, spool: SqliteDatabase, provider: Provider, advance: Advance) -> None:
        self._spool, self._provider, self._advance = spool, provider, advance
        self._asked = 0
        self.standings = ProviderStandings(spool, provider, advance)
        self.sums: dict[str, int] = {}

    async def read(self, since: datetime | None) -> None:
        """Take all entries from the provider, or those since a time."""
        async for each in self._provider.movements(since):
            body = msgspec.json.encode(each)
            self._spool.append("INSERT INTO listed VALUES (?)", (body,))
            self.sums[each.balance.currency] = self.sums.get(each.balance.currency, 0) + each.balance.net
            self._advance(1)

    async def look_up(self, connection: psycopg.AsyncConnection, provider_ids: Iterable[str]) -> None:
        """Take all entries about some objects, whenever they were made, beside those that were read."""
        for provider_id in provider_ids:
            await self._place(connection, await self._provider.entries_of(provider_id))
            self._advance(1)

    async def place(self, connection: psycopg.AsyncConnection) -> None:
        """Find out what of ours each entry that was read is about."""
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
            values = (*said.place, each.balance.balance_id, msgspec.json.encode(said))
            self._spool.append("INSERT OR IGNORE INTO placed VALUES (?, ?, ?, ?)", values)

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

    def places(self) -> Iterator[tuple[Place, str | None]]:
        """Where it is, and whose."""
        return ((said.place, said.learner_id) for said in self.said())


def _money(each: Movement, owner: Whose | None) -> Money:
    """An entry of the provider, at its place; what belongs to nothing of ours is at a place of its own."""
    learner_id = each.ours.learner_id or (None if owner is None else owner.learner_id)
    source, kind = each.source_id or each.balance.balance_id, each.kind
    what, name, is_ours = OTHER, source, learner_id is not None
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
        paid=each.paid,
        paid_currency=each.paid_currency,
        moving=what == PAYOUT and each.status in UNDERWAY,
        learner_id=learner_id,
        order_id=each.ours.order_id or (None if owner is None else owner.order_id),
        provider_id=(each.intent_id or source) if what == PAYMENT else source,
    )


class ProviderStandings:
    """
    How subscriptions and disputes stand at the provider, in the same file.

    Attributes:
        ids: those that were looked at; None for all.
        learners: whose they are.
    """

    def __init__(self, spool: SqliteDatabase, provider: Provider, advance: Advance) -> None:
        self._spool, self._provider, self._advance = spool, provider, advance
        self.ids: frozenset[str] | None = None
        self.learners: set[str] = set()

    async def read(self, connection: psycopg.AsyncConnection, ids: Iterable[str] | None) -> None:
        """Take all from the provider, or these."""
        self.ids = None if ids is None else frozenset(ids)
        async for each in self._provider.standings(None if self.ids is None else sorted(self.ids)):
            said = each
            if said.intent_id is not None:
                owner = (await reconciliation.intents(connection, [said.intent_id])).get(said.intent_id)
                if owner is not None:
                    said = msgspec.structs.replace(said, learner_id=owner.learner_id, order_id=owner.order_id)
            self.learners |= {said.learner_id} if said.learner_id else set()
            self._spool.append(
                "INSERT OR REPLACE INTO standing VALUES (?, ?, ?)", (*said.place, msgspec.json.encode(said))
            )
            self._advance(1)

    def said(self) -> Iterator[Standing]:
        """All of it, in the order of places."""
        decode = msgspec.json.Decoder(Standing).decode
        return (decode(body) for (body,) in self._spool.select("SELECT body FROM standing ORDER BY what, name"))
