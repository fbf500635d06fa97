"""
What facts and the books say, for a reconciliation: SQL over the rows of the read models orders, ledger and
course_dashboard, read in the order of `Money.place` and never as a whole.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from adapters.postgres.as_of.moments import POSITION_AT
from adapters.postgres.queries import standings
from adapters.postgres.queries.orders import EXCESS
from domain.payment.access_check import PaidOrder
from domain.payment.posting import CLEARING
from domain.payment.reconciliation import Finding, Kind, Money, Side
from domain.payment.standing import Standing

READ_MODELS = ("course_dashboard", "ledger", "orders")
CATEGORIES = ("payment", "order", "refund", "dispute", "payout", "entitlement", "subscription", "enrollment")
BUNCH = 1_000  # rows
MOST_BUSY = 100_000  # jobs


def of_category(column: str, category: str) -> str:
    """That a stream is of a category, as a range of the index on streams: the log is never read as a whole."""
    return f"({column} >= '{category}-' AND {column} < '{category}.')"  # `.` follows `-`


HORIZON = """
WITH seen AS (
    SELECT name, (SELECT min(position) FROM segments WHERE projection = name AND generation = p.generation) AS position
      FROM projections AS p WHERE status = 'live' AND name = ANY(%s)
    UNION ALL SELECT name, position FROM reactors WHERE name IN ('reactor', 'dispatcher'))
SELECT (SELECT position FROM log_head), (SELECT jsonb_object_agg(name, position) FROM seen),
       (SELECT recorded_at FROM events WHERE position = (SELECT min(position) + 1 FROM seen))
"""
_OF = "(%(learners)s::text[] IS NULL OR {}learner_id = ANY(%(learners)s))"
OF_LEARNERS, OF_ORDERS, OF_ENTRIES, OF_OTHERS = (_OF.format(table) for table in ("", "o.", "e.", "s."))

# What waits for its time is not about to happen: only jobs that are due, or were tried.
BUSY = f"""
SELECT q.stream_id, json_or_null(e.data) ->> 'intent_id', json_or_null(e.data) ->> 'object_id'
  FROM queued_jobs AS q JOIN events AS e ON e.position = q.position
 WHERE q.settled_at IS NULL AND q.status IN ('todo', 'doing') AND (q.scheduled_at <= now() OR q.attempts > 0)
 LIMIT {MOST_BUSY}
"""
FACTS = f"""
SELECT 'payment' COLLATE "C", learner_id || ':' || payment_id COLLATE "C", currency, captured, fee, captured_at,
       learner_id, order_id, intent_id
  FROM payments WHERE captured > 0 AND {OF_LEARNERS}
 UNION ALL
SELECT 'refund', o.learner_id || ':' || refund_id, o.currency, -(part->>'amount')::bigint, 0,
       coalesce((SELECT occurred_at FROM events WHERE stream_id = 'refund-' || o.learner_id || ':' || refund_id
                  ORDER BY stream_version DESC LIMIT 1), o.placed_at), o.learner_id, o.order_id,
       (SELECT json_or_null(data) ->> 'provider_id' FROM events
         WHERE stream_id = 'refund-' || o.learner_id || ':' || refund_id AND type IN ('refund.issued', 'refund.found')
         LIMIT 1)
  FROM orders AS o CROSS JOIN jsonb_each(refunds) AS each (refund_id, part)
 WHERE refunds <> '{{}}' AND part->>'status' = 'issued' AND {OF_ORDERS}
 UNION ALL
SELECT 'payout', substr(e.stream_id, 8), arrived ->> 'currency',
       CASE WHEN failed_at IS NULL THEN -(arrived ->> 'amount')::bigint ELSE 0 END, 0,
       coalesce(failed_at, e.occurred_at), NULL, NULL, substr(e.stream_id, 8)
  FROM events AS e CROSS JOIN LATERAL (
    SELECT json_or_null(e.data) AS arrived, (
        SELECT occurred_at FROM events WHERE stream_id = e.stream_id AND type = 'payout.failed') AS failed_at) AS said
 WHERE e.type = 'payout.received' AND {of_category("e.stream_id", "payout")}
   AND (%(payouts)s::text[] IS NULL OR e.stream_id = ANY(ARRAY(SELECT 'payout-' || unnest(%(payouts)s::text[]))))
 ORDER BY 1, 2
"""
LEDGER = f"""
SELECT CASE split_part(e.type, '.', 1) WHEN 'order' THEN 'refund' ELSE split_part(e.type, '.', 1) END COLLATE "C",
       e.learner_id || ':' || e.cause COLLATE "C", posting->>'currency', (posting->>'amount')::bigint, 0,
       f.occurred_at, e.learner_id, e.order_id, NULL
  FROM ledger_entries AS e JOIN events AS f USING (position) CROSS JOIN jsonb_array_elements(e.entries) AS entry
 CROSS JOIN jsonb_array_elements(entry->'postings') AS posting WHERE posting->>'account' = '{CLEARING}'
   AND {OF_ENTRIES}
 UNION ALL
SELECT 'payout', e.payout_id, posting->>'currency', (posting->>'amount')::bigint, 0, f.occurred_at, NULL, NULL,
       e.payout_id
  FROM ledger_payout_entries AS e JOIN events AS f USING (position)
 CROSS JOIN jsonb_array_elements(e.entries) AS entry
 CROSS JOIN jsonb_array_elements(entry->'postings') AS posting WHERE posting->>'account' = '{CLEARING}'
   AND (%(payouts)s::text[] IS NULL OR e.payout_id = ANY(%(payouts)s))
 ORDER BY 1, 2
"""
STANDINGS = standings.STANDINGS.format(of_subscriptions=OF_OTHERS, of_orders=OF_ORDERS)
INTENTS = "SELECT intent_id, learner_id, payment_id, order_id FROM payments WHERE intent_id = ANY(%s)"

TOUCHED = """
SELECT DISTINCT stream_id FROM events WHERE position > %s AND split_part(stream_id, '-', 1) = ANY(%s)
"""

_NEWEST = "(SELECT occurred_at FROM events WHERE stream_id = {} ORDER BY stream_version DESC LIMIT 1)"
PAID = f"""
SELECT jsonb_build_object(
    'learner_id', o.learner_id, 'order_id', o.order_id, 'currency', o.currency, 'total', o.total, 'paid_at', o.paid_at,
    'lines', o.lines, 'captured', o.captured, 'refunds', o.refunds, 'disputes', o.disputes,
    'newest', greatest({_NEWEST.format("'order-' || o.learner_id || ':' || o.order_id")}, o.paid_at, g.newest),
    'granted', coalesce(g.granted, '[]'))::text
  FROM orders AS o LEFT JOIN LATERAL (
    SELECT max({_NEWEST.format("'entitlement-' || e.learner_id || ':' || e.entitlement_id")}) AS newest,
           jsonb_agg(jsonb_build_object(
               'entitlement_id', entitlement_id, 'line', line, 'over', over, 'reason', reason,
               'is_suspended', is_suspended, 'access_until', access_until,
               'runs', (SELECT coalesce(jsonb_object_agg(run, c.status), '{{}}')
                          FROM jsonb_array_elements_text(runs) AS run
                          LEFT JOIN course_enrollments AS c ON c.run_id = run AND c.learner_id = e.learner_id))
               ORDER BY granted_at, entitlement_id) AS granted
      FROM entitlements AS e WHERE e.order_id = o.order_id AND e.learner_id = o.learner_id) AS g ON true
 WHERE o."end" = 'paid' AND o.total > 0 AND {OF_ORDERS}
"""
_IS_LIVE = "e.over = '' AND NOT e.is_suspended AND (e.access_until IS NULL OR e.access_until > %(at)s)"
UNPAID = f"""
SELECT 'entitlement', e.entitlement_id, e.learner_id, e.order_id, o.currency, coalesce(o.total, 0), e.granted_at,
       e.granted_at,
       'it is live, and its order is ' || coalesce('not paid (' || o."end" || ')', 'not there')
  FROM entitlements AS e LEFT JOIN orders AS o ON o.learner_id = e.learner_id AND o.order_id = e.order_id
 WHERE e.cause = 'order' AND {_IS_LIVE} AND o."end" IS DISTINCT FROM 'paid' AND {OF_ENTRIES}
 UNION ALL
SELECT 'entitlement', e.entitlement_id, e.learner_id, s.order_id, s.currency, coalesce(s.amount, 0),
       coalesce(s.ended_at, e.granted_at), coalesce(s.ended_at, e.granted_at),
       'it is live, and its subscription is ' || coalesce(s.status, 'not there')
  FROM entitlements AS e
  LEFT JOIN subscriptions AS s ON s.learner_id = e.learner_id AND s.subscription_id = e.subscription_id
 WHERE e.cause = 'subscription' AND {_IS_LIVE} AND coalesce(s.status, 'ended') IN ('none', 'cancelled', 'ended')
   AND {OF_ENTRIES}
 UNION ALL
SELECT 'enrollment', c.run_id, c.learner_id, NULL, NULL, 0, entered.occurred_at,
       (SELECT max(f.occurred_at) FROM entitlements AS e
          JOIN events AS f ON f.stream_id = 'entitlement-' || e.learner_id || ':' || e.entitlement_id
         WHERE e.learner_id = c.learner_id AND e.runs @> jsonb_build_array(c.run_id)),
       'it is active by an entitlement, and none is live'
  FROM (SELECT DISTINCT learner_id, run FROM entitlements CROSS JOIN jsonb_array_elements_text(runs) AS run
         WHERE {OF_LEARNERS}) AS had
  JOIN course_enrollments AS c ON c.run_id = had.run AND c.learner_id = had.learner_id AND c.status = 'active'
 CROSS JOIN LATERAL (
    SELECT occurred_at, json_or_null(data) ->> 'entitlement_id' AS entitlement_id FROM events
     WHERE stream_id = 'enrollment-' || c.learner_id || ':' || c.run_id AND type = 'enrollment.activated'
     ORDER BY stream_version DESC LIMIT 1) AS entered
 WHERE entered.entitlement_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM entitlements AS e WHERE e.learner_id = c.learner_id AND {_IS_LIVE}
                      AND e.runs @> jsonb_build_array(c.run_id))
"""
WITHOUT = f"""
SELECT s.subscription_id, s.learner_id, s.order_id, s.currency, s.amount, s.started_at,
       'subscription ' || s.subscription_id || ' is ' || s.status || ', and grants nothing'
  FROM subscriptions AS s
 WHERE s.status IN ('active', 'trial', 'past_due') AND s.period_end > %(at)s AND {OF_OTHERS}
   AND NOT EXISTS (SELECT FROM entitlements AS e WHERE e.learner_id = s.learner_id
                      AND e.subscription_id = s.subscription_id AND e.over = '')
"""
OVERPAID = f"""
SELECT currency, count(*), sum(excess)::bigint
  FROM (SELECT currency, {EXCESS} AS excess FROM orders WHERE captured <> '{{}}') AS paid
 WHERE excess > 0 GROUP BY currency ORDER BY currency
"""
# Messages about another shop on the same account name nothing of ours. What is known meanwhile is compared by itself: a
# payment with its money, a subscription with how it stands at the provider.
MESSAGES = f"""
SELECT split_part(u.stream_id, '-', 2), r ->> 'object_id', r ->> 'intent_id', r ->> 'learner_id', r ->> 'order_id',
       r ->> 'currency', (r ->> 'amount')::bigint, u.occurred_at, r ->> 'event_type', json_or_null(u.data) ->> 'reason'
  FROM events AS u CROSS JOIN LATERAL (
    SELECT json_or_null(data) AS r FROM events WHERE stream_id = u.stream_id AND stream_version = 1) AS received
 WHERE u.type = 'provider.event_unmatched' AND {of_category("u.stream_id", "provider")}
   AND (%(position)s::bigint IS NULL OR u.position > %(position)s OR u.stream_id = ANY(%(messages)s))
   AND NOT EXISTS (SELECT FROM events AS l WHERE l.stream_id = u.stream_id AND l.stream_version > u.stream_version)
   AND (r ->> 'learner_id' IS NOT NULL OR r ->> 'payment_id' IS NOT NULL OR r ->> 'order_id' IS NOT NULL
        OR r ->> 'subscription_id' IS NOT NULL)
   AND NOT EXISTS (SELECT FROM payments AS p WHERE p.captured > 0 AND p.intent_id = r ->> 'intent_id')
   AND NOT EXISTS (SELECT FROM payments AS p WHERE p.captured > 0 AND r ->> 'intent_id' IS NULL
                      AND p.learner_id = r ->> 'learner_id' AND p.payment_id = r ->> 'payment_id')
   AND NOT EXISTS (SELECT FROM subscriptions AS s
                    WHERE s.learner_id = r ->> 'learner_id' AND s.provider_id = r ->> 'object_id')
"""


class Seen(NamedTuple):
    """
    How far things are.

    Attributes:
        head: of the log.
        positions: of the read models and workers.
        unseen_since: when the first fact was recorded that one of them has not seen, by the server's clock.
    """

    head: int
    positions: dict[str, int]
    unseen_since: datetime | None


class Scope(NamedTuple):
    """
    What is read.

    Attributes:
        learners, payouts: whose money and access, and of which payouts; None for all.
        position, messages: messages of the provider that are recorded after it, and these; None for all.
    """

    learners: list[str] | None = None
    payouts: list[str] | None = None
    position: int | None = None
    messages: list[str] | None = None


class Whose(NamedTuple):
    """The payment of an intent."""

    learner_id: str
    payment_id: str
    order_id: str | None


class Rows:
    """The rows of one moment; the connection is in a transaction that sees nothing newer."""

    def __init__(self, connection: psycopg.Connection, scope: Scope) -> None:
        self._connection, self._scope = connection, scope._asdict()

    def facts(self) -> Iterator[Money]:
        """Captures, refunds and payouts, by facts."""
        return (_money(Side.FACTS, row) for row in self._stream(FACTS))

    def ledger(self) -> Iterator[Money]:
        """What the books have on the account at the provider."""
        return (_money(Side.LEDGER, row) for row in self._stream(LEDGER))

    def standings(self) -> Iterator[Standing]:
        """How subscriptions and disputes stand, by facts."""
        return (_standing(row) for row in self._stream(STANDINGS))

    def paid(self) -> Iterator[PaidOrder]:
        """Orders that were paid for."""
        decode = msgspec.json.Decoder(PaidOrder).decode
        for (body,) in self._stream(PAID):
            yield decode(body)

    def access(self, at: datetime) -> Iterator[tuple[Finding, datetime]]:
        """What gives access and is not paid, and subscriptions that give none; each with when it last changed."""
        for about, id_, learner_id, order_id, currency, amount, since, newest, why in self._stream(UNPAID, at):
            yield Finding(
                kind=Kind.ACCESS_WITHOUT_PAYMENT, about=about, id=id_, sentence=f"{about}: {why}", at=since,
                learner_id=learner_id, order_id=order_id, currency=currency,
                amounts={"total": amount} if currency else {},
            ), newest  # fmt: skip
        for id_, learner_id, order_id, currency, amount, since, why in self._stream(WITHOUT, at):
            yield Finding(
                kind=Kind.PAID_WITHOUT_ACCESS, about="subscription", id=id_, sentence=why, at=since,
                learner_id=learner_id, order_id=order_id, currency=currency, amounts={"total": amount},
            ), since  # fmt: skip

    def messages(self) -> Iterator[tuple[str | None, Finding]]:
        """Messages that name something of ours and were left unmatched, each with the intent that it names."""
        for row in self._stream(MESSAGES):
            id_, object_id, intent_id, learner_id, order_id, currency, amount, at, event_type, reason = row
            yield intent_id, Finding(
                kind=Kind.UNKNOWN_TO_US, about="message", id=id_, at=at, learner_id=learner_id, order_id=order_id,
                sentence=f"message: {event_type} is about something of this campus and changes nothing: {reason}",
                provider_id=object_id, currency=currency, amounts={} if amount is None else {"provider": amount},
            )  # fmt: skip

    def overpaid(self) -> Iterator[tuple[str, int, int]]:
        """By currency, how many orders hold more money than they cost, and how much more."""
        return ((currency, number, amount) for currency, number, amount in self._stream(OVERPAID))

    def _stream(self, query: str, at: datetime | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, some at a time."""
        with self._connection.cursor(f"rows_{id(query)}") as cursor:
            cursor.itersize = BUNCH
            cursor.execute(query.encode(), {**self._scope, "at": at})
            yield from cursor


async def seen(connection: psycopg.AsyncConnection) -> Seen:
    """One look at the log, and at what follows it."""
    ((head, positions, since),) = await (await connection.execute(HORIZON, [list(READ_MODELS)])).fetchall()
    return Seen(head, positions or {}, since)


async def touched(connection: psycopg.AsyncConnection, position: int) -> list[str]:
    """The streams of payment, and of enrollments, that have facts after a position."""
    rows = await (await connection.execute(TOUCHED.encode(), [position, list(CATEGORIES)])).fetchall()
    return [stream_id for (stream_id,) in rows]


async def position_at(connection: psycopg.AsyncConnection, time: datetime) -> int:
    """The position of the last fact that was recorded by then, by the server's clock; 0 for none."""
    rows = await (await connection.execute(POSITION_AT.encode(), [time, time])).fetchall()
    return int(rows[0][0]) if rows else 0


async def busy(connection: psycopg.AsyncConnection) -> set[str]:
    """The streams, and the objects at the provider, about which a job is due."""
    rows = await (await connection.execute(BUSY.encode())).fetchall()
    return {name for row in rows for name in row if name}


async def intents(connection: psycopg.AsyncConnection, ids: Sequence[str]) -> dict[str, Whose]:
    """The payments of intents."""
    rows = await (await connection.execute(INTENTS, [list(ids)])).fetchall()
    return {row[0]: Whose(*row[1:]) for row in rows}


def _money(side: Side, row: tuple[Any, ...]) -> Money:
    what, name, currency, amount, fee, at, learner_id, order_id, provider_id = row
    return Money(
        side=side, place=(what, name), currency=currency, amount=amount, fee=fee, at=at,
        learner_id=learner_id, order_id=order_id, provider_id=provider_id,
    )  # fmt: skip


def _standing(row: tuple[Any, ...]) -> Standing:
    what, provider_id, name, state, at, currency, amount, paid_until, ends, product_id, every, *rest = row
    held, learner_id, order_id, invoices = rest
    return Standing(
        side=Side.FACTS, place=(what, provider_id), name=name, state=state, at=at, currency=currency, amount=amount,
        paid_until=paid_until, ends=ends, product_id=product_id, every=every, held=held, learner_id=learner_id,
        order_id=order_id, invoices=invoices,
    )  # fmt: skip
