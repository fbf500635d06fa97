"""
Subscriptions: a plan that is paid for interval by interval, as the provider says.

It is `active` (or in `trial`), `past_due` when a payment is late, until the days of grace are over, and over for ever
when it was `cancelled` or has `ended`. To cancel at the end of a period is a plan that can be withdrawn.
"""

from datetime import datetime
from typing import Any

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import PlanChangePending, SubscriptionNotFound, SubscriptionOver
from domain.payment.order_line import Line
from domain.payment.subscription_state import CAMPUS, OVER, PROVIDER, Period, SubscriptionStatus
from domain.personal import Words


def subscription_stream(learner_id: str, subscription_id: str) -> str:
    return stream_id("subscription", learner_id, subscription_id)


class Subscription(Aggregate):
    """A plan that a learner pays for."""

    category = "subscription"
    ids = ("learner_id", "subscription_id")
    keyed_by = "learner_id"

    class Started(Aggregate.Event):
        TOPIC = "subscription.started"
        order_id: str
        product_id: str
        provider_id: str
        status: str
        amount: int
        currency: str
        period_start: datetime
        period_end: datetime
        trial_until: datetime | None

    class Renewed(Aggregate.Event):
        TOPIC = "subscription.renewed"
        class_version = 2
        period: int
        order_id: str
        amount: int
        currency: str
        period_start: datetime
        period_end: datetime
        invoice_id: str | None
        recurring: int | None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["invoice_id"] = state["recurring"] = None

    class PastDue(Aggregate.Event):
        TOPIC = "subscription.past_due"
        since: datetime
        grace_until: datetime

    class PlanChangeRequested(Aggregate.Event):
        TOPIC = "subscription.plan_change_requested"
        line: Line
        currency: str

    class PlanChanged(Aggregate.Event):
        TOPIC = "subscription.plan_changed"
        class_version = 2
        old_product_id: str
        new_product_id: str
        proration: int | None
        amount: int | None

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["amount"] = None

    class PlanChangeRefused(Aggregate.Event):
        TOPIC = "subscription.plan_change_refused"
        product_id: str
        reason: str

    class Prorated(Aggregate.Event):
        TOPIC = "subscription.prorated"
        invoice_id: str
        order_id: str
        amount: int
        currency: str
        period_start: datetime
        period_end: datetime

    class CancelPlanned(Aggregate.Event):
        TOPIC = "subscription.cancel_planned"
        class_version = 2
        at: datetime
        by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["by"] = ""

    class CancelWithdrawn(Aggregate.Event):
        TOPIC = "subscription.cancel_withdrawn"
        class_version = 2
        by: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["by"] = ""

    class Cancelled(Aggregate.Event):
        TOPIC = "subscription.cancelled"
        reason: Words
        at_once: bool

    class Ended(Aggregate.Event):
        TOPIC = "subscription.ended"
        reason: str

    def initial_state(self) -> None:
        self.status = SubscriptionStatus.NONE
        self.order_id = ""
        self.provider_id = ""
        self.products: list[str] = []  # the plan, and those of before
        self.amount = 0
        self.currency = ""
        self.periods: list[Period] = []
        self.orders: list[str] = []  # of each period
        self.past_due_since: datetime | None = None
        self.grace_until: datetime | None = None
        self.cancel_at: datetime | None = None
        self.turns = 0  # how often an end was planned or taken back
        self.asked: Line | None = None  # the plan that the provider is asked for
        self.line: Line | None = None  # of the present plan, if it is not that of the first order
        self.invoices: set[str] = set()  # of the provider, for periods
        self.prorations: dict[str, str] = {}  # orders by the provider's invoice

    @property
    def learner_id(self) -> str:
        """The learner, from the stream's id."""
        return self.id_of("learner_id")

    @property
    def subscription_id(self) -> str:
        """The subscription, from the stream's id."""
        return self.id_of("subscription_id")

    @property
    def is_over(self) -> bool:
        """Whether nothing changes it any more."""
        return self.status in OVER

    @property
    def renews(self) -> bool:
        """Whether another period is going to be paid."""
        return not self.is_over and self.cancel_at is None

    @property
    def product_id(self) -> str:
        """The present plan."""
        return self.products[-1]

    @property
    def last_order(self) -> str:
        """The order of the last period."""
        return max(zip(self.periods, self.orders, strict=True), key=lambda each: each[0].end)[1]

    @property
    def paid_until(self) -> datetime:
        """The end of the last period."""
        return max(period.end for period in self.periods)

    def start(
        self,
        order_id: str,
        product_id: str,
        provider_id: str,
        *,
        amount: int,
        currency: str,
        period: Period,
        trial_until: datetime | None,
    ) -> None:
        """Begin with the first period, which may be a trial."""
        if self.status is SubscriptionStatus.NONE:
            status = SubscriptionStatus.ACTIVE if trial_until is None else SubscriptionStatus.TRIAL
            names = (order_id, product_id, provider_id)
            self._started(*names, status.value, amount, currency, period.start, period.end, trial_until)

    @event(Started)
    def _started(
        self,
        order_id: str,
        product_id: str,
        provider_id: str,
        status: str,
        amount: int,
        currency: str,
        period_start: datetime,
        period_end: datetime,
        trial_until: datetime | None,
    ) -> None:
        self.status = SubscriptionStatus(status)
        self.order_id, self.provider_id, self.amount, self.currency = order_id, provider_id, amount, currency
        self.products.append(product_id)
        self.periods.append(Period(period_start, period_end))
        self.orders.append(order_id)

    def has_period(self, start: datetime) -> bool:
        """Whether the period that begins then is recorded."""
        return any(period.start == start for period in self.periods)

    @property
    def next_period(self) -> int:
        """The number of the period after the last, the first one is 1."""
        return len(self.periods) + 1

    def renew(
        self,
        order_id: str,
        amount: int,
        currency: str,
        period: Period,
        *,
        invoice_id: str | None = None,
        recurring: int | None = None,
    ) -> None:
        """
        Another period is paid; this is recorded also when the subscription is over, since the money has come.

        Credits are taken off *amount* already; *recurring* is what each interval costs now, None: the same.
        """
        self.must_exist()
        if not self.has_period(period.start):
            money = (amount, currency)
            self._renewed(self.next_period, order_id, *money, period.start, period.end, invoice_id, recurring)

    @event(Renewed)
    def _renewed(
        self,
        period: int,
        order_id: str,
        amount: int,
        currency: str,
        period_start: datetime,
        period_end: datetime,
        invoice_id: str | None,
        recurring: int | None,
    ) -> None:
        self.periods.append(Period(period_start, period_end))
        self.orders.append(order_id)
        self.invoices |= set() if invoice_id is None else {invoice_id}
        self.amount = amount if recurring is None else recurring
        late = self.past_due_since
        if not self.is_over and (late is None or period_start <= late < period_end):
            self.status = SubscriptionStatus.ACTIVE
            self.past_due_since = self.grace_until = None

    def fall_past_due(self, since: datetime, grace_until: datetime) -> None:
        """The payment of the time that begins *since* then is late; access goes on for the days of grace."""
        self.must_exist()
        is_paid = any(period.start <= since < period.end for period in self.periods)
        if self.status in (SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE) and not is_paid:
            self._past_due(since=since, grace_until=grace_until)

    @event(PastDue)
    def _past_due(self, since: datetime, grace_until: datetime) -> None:
        self.status = SubscriptionStatus.PAST_DUE
        self.past_due_since, self.grace_until = since, grace_until

    def ask_plan(self, line: Line) -> None:
        """Ask the provider to go on with another plan; one change at a time."""
        self.must_go_on()
        if self.asked is not None and self.asked.product_id != line.product_id:
            raise PlanChangePending(subscription_id=self.subscription_id, product_id=self.asked.product_id)
        if self.asked is None and line.product_id != self.product_id:
            self._plan_change_requested(line=line, currency=self.currency)

    @event(PlanChangeRequested)
    def _plan_change_requested(self, line: Line, currency: str) -> None:
        self.asked = line

    def change_plan(self, product_id: str, proration: int | None) -> None:
        """Go on with another plan; what the provider charges for the change, or (negative) credits, is recorded."""
        self.must_go_on()
        if product_id != self.product_id:
            asked = self.asked.plan if self.asked is not None and self.asked.product_id == product_id else None
            amount = None if asked is None else asked.amount
            self._plan_changed(self.product_id, product_id, proration, amount)

    @event(PlanChanged)
    def _plan_changed(
        self, old_product_id: str, new_product_id: str, proration: int | None, amount: int | None
    ) -> None:
        self.products.append(new_product_id)
        asked, self.asked = self.asked, None
        self.line = asked if asked is not None and asked.product_id == new_product_id else None
        self.amount = self.amount if amount is None else amount

    def follow_plan(self, product_id: str, amount: int) -> None:
        """The plan was changed at the provider by its staff; a change that we have asked for is said by its answer."""
        self.must_exist()
        if self.asked is None and not self.is_over and product_id != self.product_id:
            self._plan_changed(self.product_id, product_id, None, amount)

    def refuse_plan(self, product_id: str, reason: str) -> None:
        """The provider does not change the plan: all goes on as it was."""
        self.must_exist()
        if self.asked is not None and self.asked.product_id == product_id:
            self._plan_change_refused(product_id=product_id, reason=reason)

    @event(PlanChangeRefused)
    def _plan_change_refused(self, product_id: str, reason: str) -> None:
        self.asked = None

    def prorate(self, invoice_id: str, order_id: str, amount: int, currency: str, period: Period) -> None:
        """An invoice beside those of the periods is paid, such as what a change of the plan costs."""
        self.must_exist()
        if invoice_id not in self.prorations:
            self._prorated(invoice_id, order_id, amount, currency, period.start, period.end)

    @event(Prorated)
    def _prorated(
        self, invoice_id: str, order_id: str, amount: int, currency: str, period_start: datetime, period_end: datetime
    ) -> None:
        self.prorations[invoice_id] = order_id

    def plan_cancel(self, at: datetime | None = None) -> None:
        """End at the end of the period that is paid, or *at* another time."""
        self.must_go_on()
        at = at or self.paid_until
        if self.cancel_at != at:
            self._cancel_planned(at=at, by=CAMPUS)

    @event(CancelPlanned)
    def _cancel_planned(self, at: datetime, by: str) -> None:
        self.cancel_at = at
        self.turns += 1

    def withdraw_cancel(self) -> None:
        """Go on after all."""
        self.must_go_on()
        if self.cancel_at is not None:
            self._cancel_withdrawn(by=CAMPUS)

    @event(CancelWithdrawn)
    def _cancel_withdrawn(self, by: str) -> None:
        self.cancel_at = None
        self.turns += 1

    def follow_end(self, at: datetime | None, turns: int) -> None:
        """An end was planned at the provider by its staff, or (None) taken back; old news after another of *turns*."""
        self.must_exist()
        if self.is_over or turns != self.turns or at == self.cancel_at:
            return
        if at is None:
            self._cancel_withdrawn(by=PROVIDER)
        else:
            self._cancel_planned(at=at, by=PROVIDER)

    def cancel(self, reason: str, *, at_once: bool) -> None:
        """The cancellation takes effect: now, or because its time has come."""
        self.must_exist()
        if not self.is_over:
            self._cancelled(reason=reason, at_once=at_once)

    @event(Cancelled)
    def _cancelled(self, reason: str, at_once: bool) -> None:
        self.status = SubscriptionStatus.CANCELLED

    def finish(self, reason: str) -> None:
        """It ends otherwise: it was not paid in the days of grace, or the provider has ended it."""
        self.must_exist()
        if not self.is_over:
            self._ended(reason=reason)

    @event(Ended)
    def _ended(self, reason: str) -> None:
        self.status = SubscriptionStatus.ENDED

    def expire(self, at: datetime) -> None:
        """End it when the days of grace are over, or when the time for which its end was planned has come."""
        self.must_exist()
        if self.status is SubscriptionStatus.PAST_DUE and self.grace_until is not None and at >= self.grace_until:
            self.finish("unpaid")
        elif self.cancel_at is not None and at >= self.cancel_at:
            self.cancel("planned", at_once=False)

    def must_exist(self) -> None:
        """Refuse a subscription that has never started."""
        if self.status is SubscriptionStatus.NONE:
            raise SubscriptionNotFound(learner_id=self.id_of("learner_id"), subscription_id=self.subscription_id)

    def must_go_on(self) -> None:
        """Refuse a subscription that is over."""
        self.must_exist()
        if self.is_over:
            raise SubscriptionOver(subscription_id=self.subscription_id, status=self.status.value)
