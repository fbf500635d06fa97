"""
Accounts: how each stands, and its profile as the facts have it: sealed.

Reads     facts of domain.user, in log order; no key is needed to fold them.
Writes    accounts, one row per account.
Serves    api.account, which opens what is sealed as long as the key of the person is there.
Rebuild   campus projections rebuild accounts (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_id
from domain.user import DISPLAY_NAME, LANGUAGE, TIME_ZONE, AccountStatus
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class AccountRow(msgspec.Struct):
    """An account; `email` and the fields of the profile are sealed, and null once erasure was asked for."""

    learner_id: str
    status: str = AccountStatus.NONE.value
    email: str | None = None
    display_name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    registered_at: datetime | None = None
    verified_at: datetime | None = None
    erased_at: datetime | None = None


ACCOUNTS = Table("accounts", AccountRow, ("learner_id",))
_learner = named_id("learner_id")


def _needs(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(ACCOUNTS, (_learner(fact.stream_id),)),)


def _row(fact: Fact, rows: Rows) -> AccountRow:
    return rows.edit(ACCOUNTS, AccountRow, _learner(fact.stream_id))


def _registered(fact: Fact, rows: Rows) -> None:
    row, data = _row(fact, rows), fact.data
    row.status, row.registered_at = AccountStatus.PENDING.value, fact.occurred_at
    row.email, row.language, row.time_zone = data["email"], data[LANGUAGE], data[TIME_ZONE]


def _verified(fact: Fact, rows: Rows) -> None:
    row = _row(fact, rows)
    row.status, row.verified_at = AccountStatus.ACTIVE.value, fact.occurred_at


def _changed(fact: Fact, rows: Rows) -> None:
    row, new = _row(fact, rows), fact.data["new"]
    match fact.data["field"]:
        case field if field == DISPLAY_NAME:
            row.display_name = new
        case field if field == LANGUAGE:
            row.language = new
        case field if field == TIME_ZONE:
            row.time_zone = new


def _email_changed(fact: Fact, rows: Rows) -> None:
    _row(fact, rows).email = fact.data["new"]


def _erased(fact: Fact, rows: Rows) -> None:
    row = _row(fact, rows)
    row.status, row.erased_at = AccountStatus.ERASED.value, fact.occurred_at
    row.email = row.display_name = row.language = row.time_zone = None


class Accounts(Projection):
    """Accounts by person."""

    name = "accounts"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (ACCOUNTS,)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "user.registered": Handler(_needs, _registered, writes=(ACCOUNTS,)),
        "user.email_verified": Handler(_needs, _verified, writes=(ACCOUNTS,)),
        "user.profile_changed": Handler(_needs, _changed, writes=(ACCOUNTS,)),
        "user.registration_lapsed": Handler(_needs, _erased, writes=(ACCOUNTS,)),
        "user.email_changed": Handler(_needs, _email_changed, writes=(ACCOUNTS,)),
        "user.email_restored": Handler(_needs, _email_changed, writes=(ACCOUNTS,)),
        "user.erasure_requested": Handler(_needs, _erased, writes=(ACCOUNTS,)),
    }
