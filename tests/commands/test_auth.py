"""Use cases of signing in."""

from commands.auth import OpenSession, RevokeSessions, SetPassword
from domain.auth import Credentials, Session
from tests.support.given import fact
from tests.support.usecases import AT, Campus


async def test_sessions_are_opened_and_end_together(empty: Campus) -> None:
    """Those that were not opened, or have ended, are passed over."""
    for each in ("s1", "s2"):
        opened = fact(Session.Opened, method="password", until=f"{AT:%Y-%m-%dT%H:%M:%SZ}")
        assert await empty.new(OpenSession("ann", each, "password", AT)) == [(f"session-ann:{each}", opened)]
    assert await empty.repeats(OpenSession("ann", "s1", "password", AT))
    ended = [(f"session-ann:{each}", fact(Session.Revoked, cause="logout_everywhere")) for each in ("s2", "s1")]
    assert await empty.new(RevokeSessions("ann", ("s2", "never", "s1"), "logout_everywhere")) == ended
    assert await empty.repeats(RevokeSessions("ann", ("s2", "s1"), "logout"))


async def test_a_password_is_set(empty: Campus) -> None:
    """The fact has the id of what is kept elsewhere."""
    stream = "credentials-ann"
    assert await empty.new(SetPassword("ann", "p1", "registration")) == [
        (stream, fact(Credentials.PasswordSet, password_id="p1", cause="registration"))
    ]
    assert await empty.repeats(SetPassword("ann", "p1", "registration"))
