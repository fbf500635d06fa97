"""
What the handlers of all routes share: the store, the clock, the faults, and how an object is made, changed and shown.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from adapters.payments.paysim.clock import Clock
from adapters.payments.paysim.errors import absent
from adapters.payments.paysim.faults import Faults
from adapters.payments.paysim.store import Object, Store

API_VERSION = "2026-10-28.endive"


WITHOUT_MODE = ("balance_transaction", "refund")
"""Kinds that do not say whether they are of a test."""


@dataclass
class Caller:
    """The request that is being carried out, for the events that it causes."""

    id: str | None = None
    key: str | None = None


@dataclass
class Sim:
    """One paysim."""

    store: Store
    clock: Clock
    faults: Faults
    url: str
    """Where paysim answers: part of the addresses of its pages."""
    caller: Caller = field(default_factory=Caller)

    def new(self, kind: str, prefix: str, **fields: Any) -> Object:
        """A new object, not kept yet."""
        mode = {} if kind in WITHOUT_MODE else {"livemode": False}
        return {"id": new_id(prefix), "object": kind, "created": self.clock.now(), **mode, **fields}

    def get(self, kind: str, id_: str | None, param: str = "id") -> Object:
        """
        One object.

        Raises:
            StripeError: there is none; *param* says where the id was given.
        """
        found = self.store.get(kind, id_)
        if found is None:
            raise absent(kind, id_ or "", param)
        return found

    def timer(self, due: float, what: str, object_id: str) -> None:
        """Have *what* (of timers.py) happen at *due*."""
        self.store.rows.execute("INSERT INTO timers (due, what, object) VALUES (?, ?, ?)", (due, what, object_id))


def new_id(prefix: str) -> str:
    """An id in Stripe's form."""
    return f"{prefix}_{secrets.token_hex(12)}"


def public(thing: Any) -> Any:
    """An object without paysim's own names."""
    if isinstance(thing, dict):
        return {name: public(value) for name, value in thing.items() if not name.startswith("_")}
    if isinstance(thing, list):
        return [public(each) for each in thing]
    return thing
