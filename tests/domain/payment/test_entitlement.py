"""An entitlement gives access for some time, may be suspended, and ends for good."""

from datetime import timedelta
from typing import Any

import pytest

from domain.payment.entitlement import Entitlement
from domain.payment.errors import BadEntitlement, EntitlementExists, EntitlementNotFound
from tests.support.given import AT, Said, fact, given, replay

UNTIL = AT + timedelta(days=30)
FIELDS: dict[str, Any] = {
    "cause": "order",
    "order_id": "o1",
    "line": 1,
    "subscription_id": None,
    "product_id": "algebra",
    "runs": ["algebra-1"],
    "access_from": AT,
    "access_until": UNTIL,
    "reason": "",
}
GRANTED = fact(Entitlement.Granted, **FIELDS)
FOR_EVER = fact(Entitlement.Granted, **{**FIELDS, "access_until": None})
SUSPENDED, RESUMED = fact(Entitlement.Suspended, reason="disputed"), fact(Entitlement.Resumed, reason="won")
REVOKED, EXPIRED = fact(Entitlement.Revoked, reason="refunded"), fact(Entitlement.Expired, until=UNTIL)


def grant(**change: Any) -> Any:
    fields = {**FIELDS, **change}
    cause, runs = fields.pop("cause"), fields.pop("runs")
    return lambda entitlement: entitlement.grant(cause, runs, **fields)


def is_live(*facts: Said, at: Any = AT) -> bool:
    return replay(Entitlement, "entitlement-ann:o1.1", facts).is_live(at)


def test_access_is_granted_once() -> None:
    """The same once more is nothing new; one to other runs needs another id."""
    given(Entitlement).when(grant()).then(GRANTED)
    given(Entitlement, GRANTED).when(grant()).then()
    given(Entitlement, GRANTED).when(grant(runs=["algebra-2"])).refused(
        EntitlementExists, learner_id="ann", entitlement_id="o1.1"
    )


@pytest.mark.parametrize("change", [{"runs": []}, {"cause": "luck"}, {"access_until": AT}])
def test_access_is_to_something_for_some_time(change: dict[str, Any]) -> None:
    """By a known cause."""
    given(Entitlement).when(grant(**change)).refused_because(BadEntitlement)


def test_access_is_live_within_its_time() -> None:
    """Unless it is suspended, revoked or has expired."""
    assert not is_live()
    assert is_live(GRANTED)
    assert not is_live(GRANTED, at=AT - timedelta(seconds=1))
    assert not is_live(GRANTED, at=UNTIL)
    assert is_live(FOR_EVER, at=UNTIL)
    assert [is_live(GRANTED, SUSPENDED), is_live(GRANTED, SUSPENDED, RESUMED)] == [False, True]
    assert [is_live(FOR_EVER, end) for end in (REVOKED, EXPIRED)] == [False, False]


def test_access_is_extended_never_shortened() -> None:
    """What has no end cannot be longer."""
    longer = UNTIL + timedelta(days=30)
    given(Entitlement, GRANTED).when(lambda each: each.extend(longer)).then(
        fact(Entitlement.Extended, old=UNTIL, new=longer)
    )
    given(Entitlement, GRANTED).when(lambda each: each.extend(None)).then(
        fact(Entitlement.Extended, old=UNTIL, new=None)
    )
    given(Entitlement, GRANTED).when(lambda each: each.extend(UNTIL)).then()
    given(Entitlement, GRANTED).when(lambda each: each.extend(AT)).then()
    given(Entitlement, FOR_EVER).when(lambda each: each.extend(longer)).then()
    given(Entitlement, GRANTED, REVOKED).when(lambda each: each.extend(longer)).then()


def test_access_is_suspended_and_resumed() -> None:
    """Each once."""
    given(Entitlement, GRANTED).when(lambda each: each.suspend("disputed")).then(SUSPENDED)
    given(Entitlement, GRANTED, SUSPENDED).when(lambda each: each.suspend("again")).then()
    given(Entitlement, GRANTED, SUSPENDED).when(lambda each: each.resume("won")).then(RESUMED)
    given(Entitlement, GRANTED).when(lambda each: each.resume("won")).then()


def test_access_ends_at_its_time() -> None:
    """Not before, and not what has no end."""
    given(Entitlement, GRANTED).when(lambda each: each.expire(UNTIL)).then(EXPIRED)
    given(Entitlement, GRANTED).when(lambda each: each.expire(UNTIL - timedelta(seconds=1))).then()
    given(Entitlement, FOR_EVER).when(lambda each: each.expire(UNTIL)).then()
    given(Entitlement, GRANTED).when(lambda each: each.revoke("refunded")).then(REVOKED)


@pytest.mark.parametrize("end", [REVOKED, EXPIRED])
def test_what_is_over_stays_over(end: Said) -> None:
    """Who buys again gets another entitlement."""
    for act in (
        grant(),
        lambda each: each.suspend(""),
        lambda each: each.resume(""),
        lambda each: each.revoke(""),
        lambda each: each.expire(UNTIL),
    ):
        given(Entitlement, GRANTED, SUSPENDED, end).when(act).then()


@pytest.mark.parametrize(
    "act",
    [
        lambda each: each.extend(None),
        lambda each: each.suspend(""),
        lambda each: each.resume(""),
        lambda each: each.revoke(""),
        lambda each: each.expire(AT),
    ],
)
def test_what_was_never_granted_is_unknown(act: Any) -> None:
    """Whatever is asked of it."""
    given(Entitlement).when(act).refused(EntitlementNotFound, learner_id="ann", entitlement_id="o1.1")
