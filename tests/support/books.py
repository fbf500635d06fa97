"""A sale with a fee and a refund, and a plan that is paid, for tests of the books."""

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from commands.payment.orders import PlaceOrder
from commands.payment.payments import RecordCapture, RecordFee
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.refunds import RecordRefund, RequestRefund
from commands.payment.subscriptions import StartSubscription
from domain.catalog import Unit

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def sell(settings: Settings, tag: str, currency: str) -> int:
    """A course that ann has bought, with a refund of a part; the position of the last fact."""
    course, ann, order = f"sold-{tag}", f"ann-{tag}", f"o-{tag}"
    commands: list[Any] = [
        *_course(course),
        CreateProduct(course, "Sold", "run", run_id=course),
        ChangePrice(course, currency, 5_000),
        PlaceOrder(ann, order, (course,), currency, tax_bp=2_500),
        RecordCapture(ann, f"{order}.1", 5_000, currency, f"pi_{tag}", f"ch_{tag}", f"evt_{tag}"),
        RecordFee(ann, f"{order}.1", f"txn_{tag}", 100, 4_900, currency),
        RequestRefund(ann, order, "half of it was missing", 2_500),
        RecordRefund(ann, f"{order}.r1", f"re_{tag}"),
    ]
    return await _done(settings, commands)


async def subscribe(settings: Settings, tag: str, currency: str) -> int:
    """A plan that ben has paid for, from the 15th of March to the 14th of April; the position of the last fact."""
    course, ben, order = f"plan-{tag}", f"ben-{tag}", f"s-{tag}"
    begins = datetime(2026, 3, 15, tzinfo=UTC)
    commands: list[Any] = [
        *_course(course),
        CreateProduct(course, "Plan", "plan", course, interval="month", interval_count=1),
        ChangePrice(course, currency, 3_100),
        PlaceOrder(ben, order, (course,), currency),
        RecordCapture(ben, f"{order}.1", 3_100, currency, f"pi_{order}", f"ch_{order}", f"evt_{order}"),
        StartSubscription(ben, order, order, f"sub_{tag}", begins, datetime(2026, 4, 15, tzinfo=UTC)),
    ]
    return await _done(settings, commands)


def _course(course: str) -> list[Any]:
    return [
        CreateCourse(course, "Sold"),
        PublishCourse(course, [Unit("u1", "page", "Read")]),
        ScheduleRun(course, course, 1, AT, AT + timedelta(days=36_500)),
        OpenRun(course),
    ]


async def _done(settings: Settings, commands: list[Any]) -> int:
    log = await PostgresLog.open(settings)
    bus = Bus(log)
    for command in commands:
        position = await bus.handle(command, Context("tester", AT))
    await log.close()
    return position
