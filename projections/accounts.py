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
from domain.user import DISPLAY_NAME, LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, AccountStatus
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class AccountRow(msgspec.Struct):
    """
    An account; `email` and the fields of the profile are sealed, and null once erasure was asked for.

    `consents` has the version that the person has consented to, by purpose.
    """

    learner_id: str
    status: str = AccountStatus.NONE.value
    email: str | None = None
    display_name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    registered_at: datetime | None = None
    verified_at: datetime | None = None
    erased_at: datetime | None = None
    notification_address: str | None = None
    consents: dict[str, int] = {}


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


def _invited(fact: Fact, rows: Rows) -> None:
    _registered(fact, rows)
    _row(fact, rows).display_name = fact.data[DISPLAY_NAME]


def _provisioned(fact: Fact, rows: Rows) -> None:
    row, data = _row(fact, rows), fact.data
    row.status, row.registered_at = AccountStatus.ACTIVE.value, fact.occurred_at
    row.display_name, row.language, row.time_zone = data[DISPLAY_NAME], data[LANGUAGE], data[TIME_ZONE]


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
        case field if field == NOTIFICATION_ADDRESS:
            row.notification_address = new


def _consented(fact: Fact, rows: Rows) -> None:
    row = _row(fact, rows)
    row.consents = {**row.consents, fact.data["purpose"]: fact.data["version"]}


def _consent_withdrawn(fact: Fact, rows: Rows) -> None:
    row = _row(fact, rows)
    row.consents = {name: version for name, version in row.consents.items() if name != fact.data["purpose"]}


def _email_changed(fact: Fact, rows: Rows) -> None:
    _row(fact, rows).email = fact.data["new"]


def _suspended(fact: Fact, rows: Rows) -> None:
    _row(fact, rows).status = AccountStatus.SUSPENDED.value


def _reinstated(fact: Fact, rows: Rows) -> None:
    _row(fact, rows).status = AccountStatus.ACTIVE.value


def _erased(fact: Fact, rows: Rows) -> None:
    row = _row(fact, rows)
    row.status, row.erased_at = AccountStatus.ERASED.value, fact.occurred_at
    row.email = row.display_name = row.language = row.time_zone = row.notification_address = None
    row.consents = {}


class Accounts(Projection):
    """Accounts by person."""

    name = "accounts"
    version = 3
    store = "postgres"
    segments = SEGMENTS
    tables = (ACCOUNTS,)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "user.registered": Handler(_needs, _registered, writes=(ACCOUNTS,)),
        "user.invited": Handler(_needs, _invited, writes=(ACCOUNTS,)),
        "user.provisioned": Handler(_needs, _provisioned, writes=(ACCOUNTS,)),
        "user.consent_given": Handler(_needs, _consented, writes=(ACCOUNTS,)),
        "user.consent_withdrawn": Handler(_needs, _consent_withdrawn, writes=(ACCOUNTS,)),
        "user.email_verified": Handler(_needs, _verified, writes=(ACCOUNTS,)),
        "user.profile_changed": Handler(_needs, _changed, writes=(ACCOUNTS,)),
        "user.registration_lapsed": Handler(_needs, _erased, writes=(ACCOUNTS,)),
        "user.email_changed": Handler(_needs, _email_changed, writes=(ACCOUNTS,)),
        "user.email_restored": Handler(_needs, _email_changed, writes=(ACCOUNTS,)),
        "user.suspended": Handler(_needs, _suspended, writes=(ACCOUNTS,)),
        "user.reinstated": Handler(_needs, _reinstated, writes=(ACCOUNTS,)),
        "user.erasure_requested": Handler(_needs, _erased, writes=(ACCOUNTS,)),
    }
