"""Sealed texts: who has the key reads them in their place, and nowhere else."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.personal.sealing import BLOCK, KEY_SIZE, PersonKey
from domain.personal import PersonErased

SECRET = secrets.token_bytes(KEY_SIZE)
KEY = PersonKey(SECRET, "user-ann")


@given(st.text(max_size=200), st.integers(1, 1 << 40), st.sampled_from(["email", "old", "new"]))
def test_what_is_sealed_opens(text: str, version: int, field: str) -> None:
    """In any script, empty or long; twice the same text is never the same when it is sealed."""
    sealed = KEY.seal(version, field, text)
    assert KEY.open(sealed) == text
    assert KEY.seal(version, field, text) != sealed
    assert sealed.startswith(f"s1.{version}.{field}.")
    assert sealed.isascii()


def test_it_opens_in_its_place_only() -> None:
    """Of another stream, version or field, with another key, or changed by one letter, it says nothing."""
    sealed = KEY.seal(3, "new", "Ann")
    assert PersonKey(SECRET, "user-bob").open(sealed) is None
    assert PersonKey(secrets.token_bytes(KEY_SIZE), "user-ann").open(sealed) is None
    for changed in (sealed.replace("s1.3.", "s1.4."), sealed.replace(".new.", ".old."), sealed.replace("s1.", "s2.")):
        assert KEY.open(changed) is None
    for place in range(len("s1.3.new."), len(sealed)):
        letter = "A" if sealed[place] != "A" else "B"
        changed = sealed[:place] + letter + sealed[place + 1 :]
        assert KEY.open(changed) in (None, "Ann" if place == len(sealed) - 1 else None)
    for nonsense in ("", "s1", "s1.1.email.", "s1.1.email.AAAA", "Ann", "s1.1.email.\x00", "s1.1.email.é"):
        assert KEY.open(nonsense) is None


def test_without_a_key_nothing_opens_and_nothing_is_sealed() -> None:
    """The key of the person is destroyed."""
    sealed, gone = KEY.seal(1, "email", "ann@example.org"), PersonKey(None, "user-ann")
    assert gone.open(sealed) is None
    assert KEY.open(None) is None
    with pytest.raises(PersonErased) as refused:
        gone.seal(2, "email", "ann@example.org")
    assert refused.value.facts == {"learner_id": "ann"}


def test_the_length_of_a_text_shows_by_blocks_only() -> None:
    """Names of one to thirty bytes are all as long as each other."""
    lengths = {len(KEY.seal(1, "new", "x" * length)) for length in range(BLOCK)}
    assert len(lengths) == 1
