"""Signing in, by its facts and rules."""

import pytest

from domain.auth import BadPassword, Credentials, Session, check_password
from tests.support.given import AT, fact, given

OPENED, REVOKED = fact(Session.Opened, method="password", until=AT), fact(Session.Revoked, cause="logout")


def test_a_session_is_opened_and_revoked_once() -> None:
    """One that was never opened is not revoked, and one that was revoked is not opened again."""
    given(Session).when(lambda session: session.open("password", AT)).then(OPENED)
    given(Session, OPENED).when(lambda session: session.open("password", AT)).then()
    given(Session, OPENED).when(lambda session: session.revoke("logout")).then(REVOKED)
    given(Session, OPENED, REVOKED).when(lambda session: session.revoke("erasure")).then()
    given(Session, OPENED, REVOKED).when(lambda session: session.open("password", AT)).then()
    given(Session).when(lambda session: session.revoke("logout")).then()


def test_one_password_is_valid() -> None:
    """The one that was set last; the same once more is no news."""
    first = fact(Credentials.PasswordSet, password_id="p1", cause="registration")
    given(Credentials).when(lambda it: it.set_password("p1", "registration")).then(first)
    given(Credentials, first).when(lambda it: it.set_password("p1", "change")).then()
    given(Credentials, first).when(lambda it: it.set_password("p2", "change")).then(
        fact(Credentials.PasswordSet, password_id="p2", cause="change")
    )


@pytest.mark.parametrize(
    ("password", "is_known", "why"),
    [
        ("short", False, "10 characters"),
        ("ninechars", False, "10 characters"),
        ("correct horse", True, "tried first"),
        ("aaaaaaaaaaaaaa", False, "tried first"),
        ("Ada.Lovelace@Example.org", False, "address"),
        ("ada.lovelaceADA.LOVELACE", False, "address"),
    ],
)
def test_what_would_be_guessed_is_refused(password: str, *, is_known: bool, why: str) -> None:
    """The sentence says why, and does not have the password."""
    with pytest.raises(BadPassword, match=why) as refused:
        check_password(password, address="ada.lovelace@example.org", is_known=is_known)
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", ["seven green herons", "пароль-из-слов", "１０文字以上のパスワード", "x7" * 128])
def test_any_script_and_any_words_are_taken(password: str) -> None:
    """No rule asks for digits or capitals: length counts."""
    check_password(password, address="ada@example.org", is_known=False)
