"""Passwords: hashes beside the log, of which the log says the valid one."""

import asyncio

import pytest

from adapters.auth.passwords import Passwords, _hasher, is_known
from adapters.settings import Settings
from tests.support.appends import opened, query

GOOD = "seven green herons"
PRODUCT = _hasher
"""What hashes outside of tests, before a fixture has put another in its place."""


def test_passwords_that_are_tried_first_are_known_without_a_network() -> None:
    """Also with other capitals; what no one has chosen before is not known."""
    assert is_known("1234567890")
    assert is_known("PASSWORD123")
    assert is_known("qwertyuiop")
    assert not is_known(GOOD)
    assert not is_known("пароль-из-слов")


def test_what_is_left_beside_words_of_the_campus_is_looked_up_too() -> None:
    """Since that is what is guessed then."""
    assert is_known("campuslog-1234567890", ("campuslog",))
    assert not is_known("campuslog-1234567890")
    assert not is_known("campuslog seven herons", ("campuslog",))


async def test_the_length_of_a_password_is_known_once_it_was_seen(settings: Settings) -> None:
    """When it is chosen; of one from before, when it fits for the first time."""
    async with opened(settings) as log:
        passwords = Passwords(log.link)
        await passwords.keep("ann", "p1", "elevenchars")
        await passwords.keep("ann", "p2", GOOD)
        assert [await passwords.is_short("ann", each) for each in ("p1", "p2", "p3", None)] == [True, *[False] * 3]
        await query(settings, "UPDATE passwords SET is_short = NULL")
        assert not await passwords.fits("ann", "p1", GOOD)
        assert not await passwords.is_short("ann", "p1")
        assert await passwords.fits("ann", "p1", "elevenchars")
        assert await passwords.fits("ann", "p2", GOOD)
        assert [await passwords.is_short("ann", each) for each in ("p1", "p2")] == [True, False]


async def test_the_password_that_was_kept_fits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this person, under this id, in any form of Unicode; what is kept is Argon2id."""
    monkeypatch.setattr("adapters.auth.passwords._hasher", PRODUCT)
    async with opened(settings) as log:
        passwords = Passwords(log.link)
        await passwords.keep("ann", "p1", "Käsekuchen zu zweit")
        assert await passwords.fits("ann", "p1", "Ka\u0308sekuchen zu zweit")
        for person, password_id, password in (
            ("ann", "p1", "Käsekuchen zu dritt"),
            ("ann", "p2", "Käsekuchen zu zweit"),
            ("bob", "p1", "Käsekuchen zu zweit"),
            ("ann", None, "Käsekuchen zu zweit"),
            ("ann", "p1", ""),
        ):
            assert not await passwords.fits(person, password_id, password)
        assert passwords.checked == 6, "each is compared with a hash, whether there is one or not"
        ((kept,),) = await query(settings, "SELECT hash FROM passwords")
        assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        await passwords.keep("ann", "p2", GOOD)
        await passwords.drop("ann", ["p1"])
        assert not await passwords.fits("ann", "p1", "Käsekuchen zu zweit")
        assert all(await asyncio.gather(*(passwords.fits("ann", "p2", GOOD) for _ in range(3))))
        await passwords.forget("ann")
        assert not await passwords.fits("ann", "p2", GOOD)
