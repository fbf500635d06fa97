"""Every store that a projection may name; this is the only module that knows them all."""

from collections.abc import Mapping

from adapters.postgres.store.postgres_store import PostgresStore
from adapters.stores.protocol import GenerationStore
from adapters.valkey.valkey_store import ValkeyStore
from projections.engine.projection import Projection

STORES: dict[str, type[GenerationStore]] = {"postgres": PostgresStore, "valkey": ValkeyStore}
DEFAULT = "postgres"
"""The store of an analyst's projection, whose rows are never stored."""


class UnknownStore(LookupError):
    """A projection names a store that is not registered."""

    def __init__(self, projection: str, store: str, known: Mapping[str, object]) -> None:
        super().__init__(f"read model {projection} names the store {store!r}: there are {', '.join(known)}")


def store_type(projection: Projection) -> type[GenerationStore]:
    """The store that a projection names; raises UnknownStore."""
    try:
        return STORES[projection.store]
    except KeyError:
        raise UnknownStore(projection.name, projection.store, STORES) from None


def is_in_tables(projection: Projection) -> bool:
    """Whether its rows are in tables of PostgreSQL, which are compared by SQL."""
    return store_type(projection) is PostgresStore
