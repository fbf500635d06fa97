"""Old versions of a fact stay readable for ever: brought up step by step, wherever they are read."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from domain.aggregate import Aggregate, event
from domain.codec import UnknownFact, decode_data, decode_event, encode_data, version_of
from domain.registry import FACTS
from tests.support.given import AT


class Loan(Aggregate):
    """A book on loan. No part of the domain: its fact has been changed twice."""

    category = "loan"

    class Extended(Aggregate.Event):
        TOPIC = "loan.extended"
        class_version = 3
        until: datetime
        reason: str
        fee_minor: int

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Version 1 had a day, and gave no reason."""
            state["until"] = f"{state.pop('day')}T00:00:00Z"
            state["reason"] = "unspecified"

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """Version 2 had the fee in whole units, or none."""
            state["fee_minor"] = 100 * state.pop("fee", 0)

    def initial_state(self) -> None:
        self.until: datetime | None = None
        self.reason = ""
        self.fees = 0

    def extend(self, until: datetime, reason: str, fee_minor: int) -> None:
        """Lend the book for longer."""
        self._extended(until=until, reason=reason, fee_minor=fee_minor)

    @event(Extended)
    def _extended(self, until: datetime, reason: str, fee_minor: int) -> None:
        self.until, self.reason = until, reason
        self.fees += fee_minor


NEWEST = {"until": "2026-03-02T00:00:00Z", "reason": "unspecified", "fee_minor": 200}
VERSIONS = {
    1: {"day": "2026-03-02", "fee": 2},
    2: {"until": "2026-03-02T00:00:00Z", "reason": "unspecified", "fee": 2},
    3: NEWEST,
}


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FACTS, Loan.Extended.TOPIC, Loan.Extended)


def decoded(version: int, fields: dict[str, Any], number: int = 1) -> Aggregate.Event:
    """The event number *number* of a loan, stored in some version."""
    data = msgspec.json.encode(fields)
    return decode_event("loan.extended", version, data, stream="loan-1", version=number, occurred_at=AT)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fact_is_read_in_its_newest_version(version: int) -> None:
    """Read models see one form, whatever is stored."""
    data = msgspec.json.encode(VERSIONS[version])
    assert decode_data("loan.extended", version, data) == NEWEST


@pytest.mark.parametrize("version", VERSIONS)
def test_an_event_is_folded_in_its_newest_version(version: int) -> None:
    """Aggregates see the same form, with the types of its fields."""
    extended = decoded(version, VERSIONS[version])
    assert isinstance(vars(extended)["until"], datetime)
    assert msgspec.json.decode(encode_data(extended)) == NEWEST


def test_a_stream_may_hold_all_versions() -> None:
    """What was written over the years makes one aggregate."""
    loan = Loan.blank("loan-1")
    for number, (version, fields) in enumerate(VERSIONS.items(), start=1):
        decoded(version, fields, number).mutate(loan)
    assert (loan.version, loan.fees) == (3, 600)


def test_the_mark_of_irregular_history_survives() -> None:
    """An upcast leaves alone what it is not about."""
    assert decode_data("loan.extended", 1, msgspec.json.encode({**VERSIONS[1], "irregular": "no_access"})) == {
        **NEWEST,
        "irregular": "no_access",
    }


def test_new_facts_are_written_in_the_newest_version() -> None:
    """Only the newest version is written."""
    loan = Loan.blank("loan-1")
    loan.extend(AT, "ill", 0)
    (extended,) = loan.collect_events()
    assert version_of(type(extended)) == 3
    assert encode_data(extended) == b'{"until":"2026-03-02T09:00:00Z","reason":"ill","fee_minor":0}'


def test_a_version_from_the_future_is_refused() -> None:
    """Old code does not guess what newer code has written."""
    for read in (lambda: decode_data("loan.extended", 4, b"{}"), lambda: decoded(4, {})):
        with pytest.raises(UnknownFact, match=r"loan\.extended is known up to version 3, not 4"):
            read()


def test_a_fact_that_nobody_knows_is_refused() -> None:
    """A type without a class is no fact."""
    for read in (
        lambda: decode_data("loan.burnt", 1, b"{}"),
        lambda: decode_event("loan.burnt", 1, b"{}", stream="loan-1", version=1, occurred_at=AT),
    ):
        with pytest.raises(UnknownFact, match=r"no fact is called loan\.burnt"):
            read()
