"""Keys of persons in PostgreSQL: made once, destroyed for ever, useless without a master key."""

import asyncio
import base64
import secrets

import psycopg
import pytest

from adapters.personal.addresses import Addresses
from adapters.personal.erasure import forget
from adapters.personal.key_service import AccountsClosed, KeyLost, LocalKeys
from adapters.personal.keys import PersonKeys
from adapters.personal.rewrap import rewrap
from adapters.settings import Settings
from domain.personal import PersonErased
from tests.support.appends import opened, query
from tests.support.given import AT

ANN = "user-ann"


async def test_a_key_is_made_once(settings: Settings) -> None:
    """Two processes that need it at the same time have the same; it is not in the database as it is."""
    async with opened(settings) as one, opened(settings) as other:
        keys = await asyncio.gather(*(log.keys.writing(ANN) for log in (one, other, one, other)))
        sealed = keys[0].seal(1, "email", "ann@example.org")
        assert {key.open(sealed) for key in keys} == {"ann@example.org"}
        assert (await other.keys.reading("user-bob")).open(sealed) is None
        assert await one.keys.lost() == (0, "")
    assert await query(settings, "SELECT count(*) FROM person_keys") == [(1,)]


async def test_a_destroyed_key_stays_destroyed(settings: Settings) -> None:
    """No other is made in its place, also where there was none; what leads from an address to the account goes too."""
    async with opened(settings) as log:
        sealed = (await log.keys.writing(ANN)).seal(1, "email", "ann@example.org")
        addresses = Addresses(log.link, log.keys)
        assert await addresses.claim("ann@example.org", "ann") == "ann"
        for _ in range(2):
            await forget(log, "ann")
            await forget(log, "zoe")
        for stream in (ANN, "user-zoe"):
            key = await log.keys.writing(stream)
            assert key.open(sealed) is None
            with pytest.raises(PersonErased):
                key.seal(2, "email", "ann@example.org")
        assert await addresses.find("ann@example.org") is None
    assert await query(settings, "SELECT count(*) FROM person_keys WHERE wrapped IS NULL") == [(2,)]


async def test_the_application_cannot_replace_a_key(settings: Settings) -> None:
    """Neither by a mistake nor on purpose: it may add and read."""
    async with opened(settings) as log:
        await log.keys.writing(ANN)
    for statement in ("UPDATE person_keys SET wrapped = ''", "DELETE FROM person_keys", "DELETE FROM campus_keys"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await query(settings, statement)


async def test_master_keys_are_replaced_while_old_ones_are_known(settings: Settings) -> None:
    """The newest wraps, all unwrap; without the old one its keys are lost, and `lost` says how many."""
    new = secrets.token_bytes(32)
    old = base64.b64decode(settings.master_keys)
    async with opened(settings) as log:
        sealed = (await log.keys.writing(ANN)).seal(1, "email", "ann@example.org")
        both, alone = PersonKeys(log.link, LocalKeys([new, old])), PersonKeys(log.link, LocalKeys([new]))
        assert (await both.reading(ANN)).open(sealed) == "ann@example.org"
        await both.writing("user-bob")
        assert (await alone.reading("user-bob")).seal(1, "email", "bob@example.org")
        count, master = await alone.lost()
        assert (count, master) == (1, LocalKeys([old]).masters[0])
        with pytest.raises(KeyLost, match=master):
            await alone.reading(ANN)
        none = PersonKeys(log.link, LocalKeys([]))
        with pytest.raises(AccountsClosed):
            await none.writing("user-zoe")
        assert (await none.reading("user-zoe")).open(sealed) is None


async def test_keys_are_wrapped_by_a_new_master_key(settings: Settings) -> None:
    """All of them, once; the old one opens nothing after that."""
    new, old = secrets.token_bytes(32), base64.b64decode(settings.master_keys)
    async with opened(settings) as log:
        sealed = (await log.keys.writing(ANN)).seal(1, "email", "ann@example.org")
        await log.keys.of_campus("addresses")
        await log.keys.destroy("bob")
        both = LocalKeys([new, old])
        assert [await rewrap(settings, both) for _ in range(2)] == [2, 0]
        alone = PersonKeys(log.link, LocalKeys([new]))
        assert await alone.lost() == (0, "")
        assert (await alone.reading(ANN)).open(sealed) == "ann@example.org"
        assert await alone.of_campus("addresses") == await PersonKeys(log.link, both).of_campus("addresses")
        with pytest.raises(KeyLost):
            await log.keys.reading(ANN)
        with pytest.raises(KeyLost):
            await rewrap(settings, LocalKeys([secrets.token_bytes(32)]))
        with pytest.raises(AccountsClosed):
            await rewrap(settings, LocalKeys([]))
    assert await query(settings, "SELECT wrapped FROM person_keys WHERE learner_id = 'bob'") == [(None,)]


async def test_a_wrapped_key_is_of_one_person(settings: Settings) -> None:
    """Put into the row of another, by an owner of the database, it does not open."""
    async with opened(settings) as log:
        await log.keys.writing(ANN)
        await log.keys.writing("user-bob")
        swap = "UPDATE person_keys SET wrapped = (SELECT wrapped FROM person_keys WHERE learner_id = 'bob')"
        await query(settings, f"{swap} WHERE learner_id = 'ann'", owner=True)
        with pytest.raises(KeyLost, match="was changed"):
            await log.keys.reading(ANN)


async def test_an_address_belongs_to_the_first_who_claims_it(settings: Settings) -> None:
    """However it is written; the table has no address, and mails to it become seldom."""
    async with opened(settings) as one, opened(settings) as other:
        here, there = Addresses(one.link, one.keys), Addresses(other.link, other.keys)
        owners = await asyncio.gather(here.claim("Ann@Example.org", "a1"), there.claim("ann@example.ORG ", "a2"))
        assert len(set(owners)) == 1
        assert await here.find("ANN@example.org") == owners[0]
        assert await here.find("bob@example.org") is None
        turns = [await there.take_turn("ann@example.org", AT.replace(minute=minute)) for minute in range(40)]
        assert [minute for minute, taken in enumerate(turns) if taken] == [0, 5, 15, 35]
        assert await there.take_turn("ann@example.org", AT.replace(day=1)), "a clock that was put back locks none out"
    assert b"example" not in b"".join(
        bytes(row[0]) for row in await query(settings, "SELECT digest FROM account_addresses")
    )
