"""The last reconciliation: what it has found, and why a later one has failed."""

from datetime import UTC, datetime

import msgspec
import psycopg
from psycopg.rows import class_row

from adapters.postgres.queries.reader import Answer, Reader
from domain.payment.reconciliation import Finding, Kind

LAST = """
SELECT done_at, outcome -> 'counts' AS counts, failed_at, failure,
       extract(epoch FROM now() - done_at)::float8 AS age_seconds FROM reconciliations
"""
IS_DUE = "SELECT NOT EXISTS (SELECT FROM reconciliations WHERE tried_at > now() - make_interval(secs => %s))"
BEGIN = "INSERT INTO reconciliations DEFAULT VALUES ON CONFLICT (only_row) DO UPDATE SET tried_at = now()"
KEEP = """
UPDATE reconciliations SET done_at = now(), outcome = %(outcome)s::jsonb, open = %(open)s::jsonb,
       whole_at = CASE WHEN %(is_whole)s THEN tried_at ELSE whole_at END, failed_at = NULL, failure = NULL
"""
KEPT = """
SELECT outcome::text, open::text FROM reconciliations
 WHERE whole_at > now() - make_interval(secs => %s) AND open IS NOT NULL
   AND (outcome ->> 'position')::bigint <= (SELECT position FROM log_head)
"""
FAIL = "UPDATE reconciliations SET failed_at = coalesce(failed_at, now()), failure = %s"

SHOWN = """
SELECT coalesce((outcome ->> 'position')::bigint, 0),
       json_build_object('outcome', outcome, 'done_at', done_at, 'failed_at', failed_at, 'failure', failure)::text
  FROM (SELECT) AS once LEFT JOIN reconciliations ON true
"""


class Totals(msgspec.Struct, kw_only=True):
    """
    Our account at the provider against `assets:clearing`, in minor units of a currency.

    Attributes:
        others: what on the account is not of this campus.
        pending, found: by how much the provider has more, because of what is on its way and of findings.
    """

    currency: str
    provider: int
    ledger: int
    others: int
    pending: int
    found: int


class Overpaid(msgspec.Struct, kw_only=True):
    """How many orders hold more money than they cost, and how much more, in minor units of a currency."""

    currency: str
    orders: int
    amount: int


class Outcome(msgspec.Struct, kw_only=True):
    """
    What a reconciliation has found.

    Attributes:
        at: when it began; what was said after *until* counts as on its way.
        since, after: where the window begins that was looked at: money that the provider has moved since that time, and
            what was recorded after that position, beside what was open before; null for everything.
        position: of the log when it began; `positions` those of read models and workers.
        counts: how many findings there are of each kind; `findings` has the first thousand.
        pending: how much does not agree yet and is on its way.
        others: entries at the provider that are not of this campus.
        overpaid: what was paid twice, or after an order was over, and can be given back; all sides agree about it.
        whole_at: when the last one began that has looked at everything; *balances* and *overpaid* are of then.
        balances: null where they were not compared: not all was looked at, or money has moved meanwhile.
    """

    at: datetime
    until: datetime
    since: datetime | None
    after: int | None = None
    position: int
    positions: dict[str, int]
    counts: dict[str, int]
    pending: int
    others: int
    whole_at: datetime | None = None
    balances: list[Totals] | None
    findings: list[Finding]
    overpaid: list[Overpaid] = []

    @property
    def is_clean(self) -> bool:
        """Whether all agrees."""
        return not any(self.counts.values())


class Reconciliation(msgspec.Struct, kw_only=True):
    """The last reconciliation that came to its end, null before; since when later ones fail, and why the last did."""

    outcome: Outcome | None
    done_at: datetime | None
    failed_at: datetime | None
    failure: str | None


AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
EXAMPLE = Reconciliation(
    outcome=Outcome(
        at=AT,
        until=AT,
        since=AT,
        after=1_690,
        position=1_713,
        positions={"ledger": 1_713, "orders": 1_713},
        counts={kind.value: int(kind is Kind.UNKNOWN_TO_US) for kind in Kind},
        pending=0,
        others=0,
        whole_at=AT,
        balances=[Totals(currency="EUR", provider=870, ledger=0, others=0, pending=0, found=870)],
        findings=[
            Finding(
                kind=Kind.UNKNOWN_TO_US,
                about="payment",
                id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f.1",
                sentence="payment: the provider has it, and no fact says so",
                at=AT,
                learner_id="28400",
                order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
                provider_id="pi_3OtkQkD5xN1",
                currency="EUR",
                amounts={"provider": 900},
            )
        ],
        overpaid=[Overpaid(currency="EUR", orders=1, amount=4_900)],
    ),
    done_at=AT,
    failed_at=AT,
    failure="Stripe does not answer: connection refused",
)


class Last(msgspec.Struct, frozen=True):
    """
    How the last ones have gone.

    Attributes:
        done_at, counts, age_seconds: of the last one that came to its end; None before the first.
        failed_at, failure: since when they fail, and why the last one did; None if it did not.
    """

    done_at: datetime | None
    counts: dict[str, int] | None
    failed_at: datetime | None
    failure: str | None
    age_seconds: float | None


async def last(connection: psycopg.AsyncConnection) -> Last | None:
    """How the last ones have gone; None before the first."""
    async with connection.cursor(row_factory=class_row(Last)) as cursor:
        await cursor.execute(LAST)
        return await cursor.fetchone()


async def begin(connection: psycopg.AsyncConnection, interval: float) -> bool:
    """Begin one, if none has begun for *interval* seconds; returns whether it has begun."""
    ((is_due,),) = await (await connection.execute(IS_DUE, [interval])).fetchall()
    if is_due:
        await connection.execute(BEGIN)
    return bool(is_due)


class Kept(msgspec.Struct):
    """What the last one has found, and all that was open then, be it on its way."""

    outcome: Outcome
    open: list[Finding]


async def kept(connection: psycopg.AsyncConnection, interval: float) -> Kept | None:
    """What the next one can go on from; None if it is to look at everything, as once in *interval* seconds."""
    row = await (await connection.execute(KEPT, [interval])).fetchone()
    if row is None:
        return None
    try:
        return Kept(msgspec.json.decode(row[0], type=Outcome), msgspec.json.decode(row[1], type=list[Finding]))
    except msgspec.ValidationError:  # other code has written it
        return None


async def keep(connection: psycopg.AsyncConnection, outcome: Outcome, still_open: list[Finding] | None) -> None:
    """Keep what one has found, and what the next is to look at again."""
    encoded = None if still_open is None else msgspec.json.encode(still_open).decode()
    values = {"outcome": msgspec.json.encode(outcome).decode(), "open": encoded, "is_whole": outcome.since is None}
    await connection.execute(KEEP, values)


async def fail(connection: psycopg.AsyncConnection, failure: str) -> None:
    """Note why one has failed; what the last one found stays."""
    await connection.execute(FAIL, [failure])


async def shown(reader: Reader) -> Answer:
    """The last outcome, and the position of the log when it began."""
    return await reader.answer(SHOWN, {})
