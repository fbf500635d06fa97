"""
Entitlements: why a learner has access to some runs, and until when.

Access to a run is the union of the live entitlements to it. One that was revoked or has expired does not live again:
what is bought later is another one.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import BadEntitlement, EntitlementExists, EntitlementNotFound
from domain.personal import Words

ORDER, SUBSCRIPTION, GIFT, STAFF = CAUSES = ("order", "subscription", "gift", "staff")
LIVE, SUSPENDED, REVOKED, EXPIRED, TO_COME = ("live", "suspended", "revoked", "expired", "to_come")


def entitlement_stream(learner_id: str, entitlement_id: str) -> str:
    return stream_id("entitlement", learner_id, entitlement_id)


def status_at(at: datetime, access_from: datetime | None, access_until: datetime | None, ended: str) -> str:
    """How an entitlement stands at a time that *ended* as revoked or expired, or is suspended, or (empty) neither."""
    if ended:
        return ended
    if access_until is not None and at >= access_until:
        return EXPIRED
    return LIVE if access_from is not None and access_from <= at else TO_COME


class Entitlement(Aggregate):
    """A learner's right to access some runs."""

    category = "entitlement"
    ids = ("learner_id", "entitlement_id")
    keyed_by = "learner_id"

    class Granted(Aggregate.Event):
        TOPIC = "entitlement.granted"
        cause: str
        order_id: str | None
        line: int | None
        subscription_id: str | None
        product_id: str | None
        runs: list[str]
        access_from: datetime
        access_until: datetime | None
        reason: Words

    class Extended(Aggregate.Event):
        TOPIC = "entitlement.extended"
        old: datetime | None
        new: datetime | None

    class RunsAdded(Aggregate.Event):
        TOPIC = "entitlement.runs_added"
        runs: list[str]
        subscription_id: str
        order_id: str

    class Suspended(Aggregate.Event):
        TOPIC = "entitlement.suspended"
        reason: Words

    class Resumed(Aggregate.Event):
        TOPIC = "entitlement.resumed"
        reason: Words

    class Revoked(Aggregate.Event):
        TOPIC = "entitlement.revoked"
        reason: Words

    class Expired(Aggregate.Event):
        TOPIC = "entitlement.expired"
        until: datetime

    def initial_state(self) -> None:
        self.cause = ""
        self.subscription_id: str | None = None
        self.product_id: str | None = None
        self.runs: list[str] = []
        self.access_from: datetime | None = None
        self.access_until: datetime | None = None
        self.suspended = False
        self.over = ""  # REVOKED or EXPIRED
        self.revoked_for = ""

    @property
    def entitlement_id(self) -> str:
        """The entitlement, from the stream's id."""
        return self.id_of("entitlement_id")

    def is_live(self, at: datetime) -> bool:
        """Whether it gives access."""
        ended = self.over or (SUSPENDED if self.suspended else "")
        return status_at(at, self.access_from, self.access_until, ended) == LIVE

    def is_overdue(self, at: datetime) -> bool:
        """Whether its time is over."""
        return self.access_until is not None and at >= self.access_until

    def grant(
        self,
        cause: str,
        runs: Sequence[str],
        *,
        access_from: datetime,
        access_until: datetime | None = None,
        order_id: str | None = None,
        line: int | None = None,
        subscription_id: str | None = None,
        product_id: str | None = None,
        reason: str = "",
    ) -> None:
        """Give access to *runs*; the same once more changes nothing."""
        if cause not in CAUSES or not runs:
            raise BadEntitlement(f"access is to one run at least, by one of {', '.join(CAUSES)}")
        if access_until is not None and access_until <= access_from:
            raise BadEntitlement("access lasts for some time")
        if self.cause:
            if (cause, sorted(runs)) != (self.cause, sorted(self.runs)):
                raise EntitlementExists(learner_id=self.id_of("learner_id"), entitlement_id=self.entitlement_id)
            return
        self._granted(
            cause=cause,
            order_id=order_id,
            line=line,
            subscription_id=subscription_id,
            product_id=product_id,
            runs=list(runs),
            access_from=access_from,
            access_until=access_until,
            reason=reason,
        )

    @event(Granted)
    def _granted(
        self,
        cause: str,
        order_id: str | None,
        line: int | None,
        subscription_id: str | None,
        product_id: str | None,
        runs: list[str],
        access_from: datetime,
        access_until: datetime | None,
        reason: str,
    ) -> None:
        self.cause, self.product_id, self.runs = cause, product_id, runs
        self.access_from, self.access_until, self.subscription_id = access_from, access_until, subscription_id

    def extend(self, until: datetime | None) -> None:
        """Let it last longer; never shorter."""
        self.must_exist()
        if self.over or self.access_until is None:
            return
        if until is None or until > self.access_until:
            self._extended(old=self.access_until, new=until)

    @event(Extended)
    def _extended(self, old: datetime | None, new: datetime | None) -> None:
        self.access_until = new

    def add_runs(self, runs: Sequence[str], subscription_id: str, order_id: str) -> None:
        """Give access to *runs* as well, by a period of a subscription, which is an order; those of before stay."""
        self.must_exist()
        new = [run_id for run_id in dict.fromkeys(runs) if run_id not in self.runs]
        if new and not self.over:
            self._runs_added(runs=new, subscription_id=subscription_id, order_id=order_id)

    @event(RunsAdded)
    def _runs_added(self, runs: list[str], subscription_id: str, order_id: str) -> None:
        self.runs = [*self.runs, *runs]

    def suspend(self, reason: str) -> None:
        """Take access away for some time."""
        self.must_exist()
        if not self.suspended and not self.over:
            self._suspended(reason=reason)

    @event(Suspended)
    def _suspended(self, reason: str) -> None:
        self.suspended = True

    def resume(self, reason: str) -> None:
        """Give access back."""
        self.must_exist()
        if self.suspended and not self.over:
            self._resumed(reason=reason)

    @event(Resumed)
    def _resumed(self, reason: str) -> None:
        self.suspended = False

    def revoke(self, reason: str) -> None:
        """Take access away for good."""
        self.must_exist()
        if not self.over:
            self._revoked(reason=reason)

    @event(Revoked)
    def _revoked(self, reason: str) -> None:
        self.over, self.revoked_for = REVOKED, reason

    def expire(self, at: datetime) -> None:
        """End it if its time is over."""
        self.must_exist()
        if not self.over and self.access_until is not None and self.is_overdue(at):
            self._expired(until=self.access_until)

    @event(Expired)
    def _expired(self, until: datetime) -> None:
        self.over = EXPIRED

    def must_exist(self) -> None:
        """Refuse an entitlement that was never granted."""
        if not self.cause:
            raise EntitlementNotFound(learner_id=self.id_of("learner_id"), entitlement_id=self.entitlement_id)
