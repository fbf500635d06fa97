"""A store is one class and one line: no module but the registry knows which stores there are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.stores.registry import STORES, UnknownStore, store_type
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.file_store import DIRECTORY, FileStore, in_files
from tests.support.rebuilds import assert_accounts, digests, rebuilt, site, statuses
from tests.support.workers import InPostgres, assert_true_to_the_log, caught_up, projecting, relaying, writer
from workers.rebuild.compare import diff
from workers.rebuild.promotion import drop, promote, roll_back

ROOT = Path(__file__).parents[3]
LAYERS = ("domain", "commands", "projections", "api", "workers", "adapters", "cli", "campuslog", "benchmarks")
CLASSES = {"PostgresStore", "ValkeyStore"}
KNOW_THEM = {
    "adapters/stores/registry.py",
    "adapters/postgres/store/postgres_store.py",
    "adapters/valkey/valkey_store.py",
}


@pytest.fixture
def projection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Projection:
    """A read model in a store that is registered for one test."""
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    monkeypatch.setitem(STORES, "files", FileStore)
    return in_files()


async def test_a_new_store_is_followed_rebuilt_promoted_and_dropped(settings: Settings, projection: Projection) -> None:
    """Projector, rebuild in processes, verify, diff, promotion and rollback work with it as with the others."""
    both = [projection, InPostgres()]
    async with writer(settings) as facts, relaying(settings), projecting(settings, both):
        await facts.record_many(200)
        await assert_true_to_the_log(settings, 200, both)
        await rebuilt(settings, *both, workers=2)
        async with diff(settings, projection) as compared:
            assert compared.diff.differing == 0
        await promote(settings, projection)
        assert await statuses(settings, projection) == ["retired", "live"]
        await facts.record_many(40)
        await assert_true_to_the_log(settings, 240, both)
        await assert_accounts(settings, projection)
        await roll_back(settings, projection)
        await caught_up(settings, 240, both)
    assert set((await digests(settings, projection)).values()) <= set((await digests(settings, InPostgres())).values())
    async with site(settings, projection) as generations:
        store = generations.store((await generations.all())[1])
        assert await store.size() > 0
        await drop(settings, projection, 2)
        assert set((await store.positions()).values()) == {0}


def test_no_module_asks_which_store_a_projection_has() -> None:
    """No comparison with `projection.store`, no look-up by it outside the registry, and no store's class elsewhere."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in KNOW_THEM
        for line in _lines_that_name_a_store(ast.parse(path.read_text()))
    ]
    assert found == []


def _lines_that_name_a_store(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Compare() if any(_is_store(each) for each in (node.left, *node.comparators)):
                yield node.lineno
            case ast.Subscript(slice=key) if _is_store(key):
                yield node.lineno
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in CLASSES:
                yield node.lineno


def _is_store(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "store"


def test_a_store_that_is_not_registered_is_named() -> None:
    """The sentence says which read model asks for it, and which stores there are."""

    class Lost(InPostgres):
        name = "lost"
        store = "clouds"

    with pytest.raises(UnknownStore, match="read model lost names the store 'clouds': there are postgres, valkey"):
        store_type(Lost())
    assert {store_type(each) for each in PROJECTIONS} == set(STORES.values())
