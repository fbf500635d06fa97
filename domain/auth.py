"""
How a person signs in: what proves who it is, and the sessions that follow. Facts have no secret: no password, no token,
no hash of either (decisions/0214).
"""

from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Forbidden, Rejected

SHORTEST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 256  # characters


class SignInRefused(Forbidden):
    """The same for an unknown address, a wrong password, and an account that cannot be used: it says not which."""

    code = "sign_in_refused"
    template = "this address and password do not belong together, or the account cannot be used"


class LinkRefused(Forbidden):
    """A link of a mail was not made here, is too old, or was used."""

    code = "link_refused"
    template = "the link is not valid, is too old, or was used: ask for another one"


class BadPassword(Rejected):
    """A password that would be guessed; the sentence says why, and never has it."""

    code = "bad_password"
    template = "choose another password: {why}"


def check_password(password: str, *, address: str, is_known: bool) -> None:
    """
    Refuse a password that would be guessed.

    Args:
        address: the person's e-mail address.
        is_known: whether a list of passwords that others have chosen has it.

    Raises:
        BadPassword: with the reason.
    """
    local = address.casefold().partition("@")[0]
    if len(password) < SHORTEST_PASSWORD:
        raise BadPassword(why=f"it needs {SHORTEST_PASSWORD} characters or more", least=SHORTEST_PASSWORD)
    if is_known or len(set(password)) == 1:
        raise BadPassword(why="it is one of those that are tried first")
    if password.casefold() in (address.casefold(), local * 2) or (local and password.casefold().startswith(local * 2)):
        raise BadPassword(why="it is made of the address")


def credentials_stream(learner_id: str) -> str:
    """The stream of what proves that a person is the owner of an account."""
    return stream_id("credentials", learner_id)


def session_stream(learner_id: str, session_id: str) -> str:
    """The stream of one session."""
    return stream_id("session", learner_id, session_id)


class Credentials(Aggregate):
    """What proves that a person is the owner of an account; which password is valid, not what it is."""

    category = "credentials"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class PasswordSet(Aggregate.Event):
        TOPIC = "credentials.password_set"
        password_id: str
        cause: str

    def initial_state(self) -> None:
        self.password_id: str | None = None

    def set_password(self, password_id: str, cause: str) -> None:
        """Another password is valid from now on, and no other."""
        if password_id != self.password_id:
            self._password_set(password_id=password_id, cause=cause)

    @event(PasswordSet)
    def _password_set(self, password_id: str, cause: str) -> None:
        self.password_id = password_id


class Session(Aggregate):
    """One session of a person in one browser."""

    category = "session"
    ids = ("learner_id", "session_id")
    keyed_by = "learner_id"

    class Opened(Aggregate.Event):
        TOPIC = "session.opened"
        method: str
        until: datetime

    class Revoked(Aggregate.Event):
        TOPIC = "session.revoked"
        cause: str

    def initial_state(self) -> None:
        self.is_revoked = False

    def open(self, method: str, until: datetime) -> None:
        """The person has signed in; the session ends at *until* at the latest."""
        if not self.exists:
            self._opened(method=method, until=until)

    @event(Opened)
    def _opened(self, method: str, until: datetime) -> None:
        """What remains to be known is whether it is revoked."""

    def revoke(self, cause: str) -> None:
        """End the session before its time; once, and only one that was opened."""
        if self.exists and not self.is_revoked:
            self._revoked(cause=cause)

    @event(Revoked)
    def _revoked(self, cause: str) -> None:
        self.is_revoked = True
