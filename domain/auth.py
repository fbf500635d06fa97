"""
How a person signs in: what proves who it is, and the sessions that follow. Facts have no secret: no password, no token,
no hash of either (decisions/0214).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, Forbidden, NotFound, Rejected
from domain.identity_errors import IdentityNotFound, LastWayIn, TooManyIdentities
from domain.links import LinkRefused
from domain.personal import Words

MOST_FACTORS = 10
"""Of one person: an authenticator app, and passkeys of several machines."""
MOST_IDENTITIES = 10
"""Accounts elsewhere by which one person signs in."""
STEP_UP = timedelta(minutes=10)
"""How long a person is taken to be there after a password or a second factor was given."""

LONGEST_IMPERSONATION = timedelta(minutes=30)

SCOPES = ("read", "write")
"""What a token may open: all that its person may see; commands."""


class FactorKind(StrEnum):
    """What a second factor is: an app that shows codes, or a key that signs."""

    TOTP = "totp"
    PASSKEY = "passkey"


class SignInRefused(Forbidden):
    """The same for an unknown address, a wrong password, and an account that cannot be used: it says not which."""

    code = "sign_in_refused"
    template = "this address and password do not belong together, or the account cannot be used"


class FactorRefused(Forbidden):
    """A code or a passkey that does not fit; it says not why, since the reason helps the one who guesses."""

    code = "factor_refused"
    template = "the code or passkey does not fit, is too old, or was used before"


class FactorNotFound(NotFound):
    """The person has no such second factor."""

    code = "factor_not_found"
    template = "there is no second factor {factor_id}"


class TooManyFactors(Conflict):
    """The person has as many as there may be."""

    code = "too_many_factors"
    template = "a person has {most} second factors at most: remove one of them first"


class TokenRefused(Forbidden):
    """A token that is none of this campus, has ended, was revoked, or was replaced; it says not which."""

    code = "token_refused"
    template = "the token is not valid, has ended, or was replaced by another one"


class UnfitImpersonation(Rejected):
    """An admin wants to act as a learner for no time, or for too much."""

    code = "unfit_impersonation"
    template = "one acts as a learner for {minutes} minutes at the most, not until {until}"


class NotImpersonated(Forbidden):
    """Whom no admin acts as; the sentence says why."""

    code = "not_impersonated"
    template = "an admin acts as learners only, and {learner_id} {why}"


def credentials_stream(learner_id: str) -> str:
    """The stream of what proves that a person is the owner of an account."""
    return stream_id("credentials", learner_id)


def session_stream(learner_id: str, session_id: str) -> str:
    """The stream of one session."""
    return stream_id("session", learner_id, session_id)


class Credentials(Aggregate):
    """What proves that a person is the owner of an account; which password and factors are valid, not what they are."""

    category = "credentials"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class PasswordSet(Aggregate.Event):
        TOPIC = "credentials.password_set"
        password_id: str
        cause: str

    class ResetRequested(Aggregate.Event):
        TOPIC = "credentials.reset_requested"

    class FactorAdded(Aggregate.Event):
        TOPIC = "credentials.factor_added"
        factor_id: str
        kind: str

    class FactorRemoved(Aggregate.Event):
        TOPIC = "credentials.factor_removed"
        factor_id: str
        kind: str

    class RecoveryCodesMade(Aggregate.Event):
        TOPIC = "credentials.recovery_codes_made"
        codes_id: str
        count: int

    class RecoveryCodeUsed(Aggregate.Event):
        TOPIC = "credentials.recovery_code_used"
        codes_id: str
        left: int

    class IdentityLinked(Aggregate.Event):
        TOPIC = "credentials.identity_linked"
        identity_id: str
        issuer: str

    class IdentityUnlinked(Aggregate.Event):
        TOPIC = "credentials.identity_unlinked"
        identity_id: str
        issuer: str

    def initial_state(self) -> None:
        self.password_id: str | None = None
        self.identities: dict[str, str] = {}  # issuers by id
        self.factors: dict[str, str] = {}  # kinds by id
        self.codes_id: str | None = None
        self.codes_left = 0

    def set_password(self, password_id: str, cause: str) -> None:
        """Another password is valid from now on, and no other."""
        if password_id != self.password_id:
            self._password_set(password_id=password_id, cause=cause)

    def request_reset(self) -> None:
        """The person, or another one who knows the address, says that the password is forgotten: it stays valid."""
        self._reset_requested()

    @event(ResetRequested)
    def _reset_requested(self) -> None:
        """The link of the mail is bound to the password that it replaces; there is nothing to remember."""

    def reset_password(self, password_id: str, replaced: str) -> None:
        """
        Another password takes the place of one that was forgotten.

        Args:
            replaced: the id of the password that was valid when the mail was written; empty if there was none.

        Raises:
            LinkRefused: another one is valid since then, so this link or another one was used.
        """
        if password_id == self.password_id:
            return
        if (self.password_id or "") != replaced:
            raise LinkRefused
        self._password_set(password_id=password_id, cause="reset")

    @event(PasswordSet)
    def _password_set(self, password_id: str, cause: str) -> None:
        self.password_id = password_id

    def add_factor(self, factor_id: str, kind: FactorKind) -> None:
        """A second factor was shown to work: it is asked for from now on; once more changes nothing."""
        if factor_id in self.factors:
            return
        if len(self.factors) >= MOST_FACTORS:
            raise TooManyFactors(most=MOST_FACTORS)
        self._factor_added(factor_id=factor_id, kind=kind.value)

    @event(FactorAdded)
    def _factor_added(self, factor_id: str, kind: str) -> None:
        self.factors[factor_id] = kind

    def remove_factor(self, factor_id: str) -> None:
        """A second factor is not asked for any more; without the last one recovery codes are of no use either."""
        if factor_id not in self.factors:
            raise FactorNotFound(factor_id=factor_id)
        self._must_have_another_way_in(factor_id)
        self._factor_removed(factor_id=factor_id, kind=self.factors[factor_id])

    @event(FactorRemoved)
    def _factor_removed(self, factor_id: str, kind: str) -> None:
        self.factors.pop(factor_id, None)

    def link_identity(self, identity_id: str, issuer: str) -> None:
        """An account elsewhere signs in to this one from now on; once more changes nothing."""
        if identity_id in self.identities:
            return
        if len(self.identities) >= MOST_IDENTITIES:
            raise TooManyIdentities(most=MOST_IDENTITIES)
        self._identity_linked(identity_id=identity_id, issuer=issuer)

    @event(IdentityLinked)
    def _identity_linked(self, identity_id: str, issuer: str) -> None:
        self.identities[identity_id] = issuer

    def unlink_identity(self, identity_id: str) -> None:
        """
        An account elsewhere does not sign in to this one any more.

        Raises:
            IdentityNotFound, LastWayIn.
        """
        if identity_id not in self.identities:
            raise IdentityNotFound(identity_id=identity_id)
        self._must_have_another_way_in(identity_id)
        self._identity_unlinked(identity_id=identity_id, issuer=self.identities[identity_id])

    @event(IdentityUnlinked)
    def _identity_unlinked(self, identity_id: str, issuer: str) -> None:
        self.identities.pop(identity_id, None)

    def _must_have_another_way_in(self, but: str) -> None:
        """Refuse to take away the only password, passkey or account elsewhere; an app signs in to nothing by itself."""
        passkeys = [each for each, kind in self.factors.items() if kind == FactorKind.PASSKEY]
        ways = {*passkeys, *self.identities}
        if self.password_id is None and ways == {but}:
            raise LastWayIn

    def make_recovery_codes(self, codes_id: str, count: int) -> None:
        """These codes take the place of those before them."""
        if codes_id != self.codes_id:
            self._recovery_codes_made(codes_id=codes_id, count=count)

    @event(RecoveryCodesMade)
    def _recovery_codes_made(self, codes_id: str, count: int) -> None:
        self.codes_id, self.codes_left = codes_id, count

    def use_recovery_code(self, codes_id: str) -> None:
        """
        One of the codes was used, and is good no more.

        Raises:
            FactorRefused: other codes have taken their place.
        """
        if codes_id != self.codes_id or not self.codes_left:
            raise FactorRefused
        self._recovery_code_used(codes_id=codes_id, left=self.codes_left - 1)

    @event(RecoveryCodeUsed)
    def _recovery_code_used(self, codes_id: str, left: int) -> None:
        self.codes_left = left


class Session(Aggregate):
    """One session of a person in one browser, or one in which an admin acts as that person."""

    category = "session"
    ids = ("learner_id", "session_id")
    keyed_by = "learner_id"

    class Opened(Aggregate.Event):
        TOPIC = "session.opened"
        method: str
        until: datetime

    class Impersonated(Aggregate.Event):
        TOPIC = "session.impersonated"
        by: str
        until: datetime
        reason: Words

    class Confirmed(Aggregate.Event):
        TOPIC = "session.confirmed"
        method: str

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

    def impersonate(self, by: str, until: datetime, reason: str, at: datetime) -> None:
        """
        An admin begins (*at*) to act as the person of the session, which is opened for that.

        Args:
            by: the admin.

        Raises:
            UnfitImpersonation: it would last for no time, or too long.
            NotImpersonated: the admin is that person.
        """
        if self.exists:
            return
        learner_id = self.id_of("learner_id")
        if by == learner_id:
            raise NotImpersonated(learner_id=learner_id, why="is the same person")
        if not at < until <= at + LONGEST_IMPERSONATION:
            minutes = int(LONGEST_IMPERSONATION.total_seconds()) // 60
            raise UnfitImpersonation(minutes=minutes, until=until.isoformat())
        self._impersonated(by=by, until=until, reason=reason)

    @event(Impersonated)
    def _impersonated(self, by: str, until: datetime, reason: str) -> None:
        """As with any session, what remains to be known is whether it is revoked."""

    def confirm(self, method: str) -> None:
        """
        The person has proved once more to be there.

        Raises:
            SignInRefused: the session has ended.
        """
        if not self.exists or self.is_revoked:
            raise SignInRefused
        self._confirmed(method=method)

    @event(Confirmed)
    def _confirmed(self, method: str) -> None:
        """For how long that holds is a matter of what is asked for."""

    def revoke(self, cause: str) -> None:
        """End the session before its time; once, and only one that was opened."""
        if self.exists and not self.is_revoked:
            self._revoked(cause=cause)

    @event(Revoked)
    def _revoked(self, cause: str) -> None:
        self.is_revoked = True


class TokenKind(StrEnum):
    """What a token of the API is: of a person for programs, or of an app, which renews it."""

    PERSONAL = "personal"
    APP = "app"


def token_stream(learner_id: str, token_id: str) -> str:
    """The stream of one token, or of those that follow each other in one app."""
    return stream_id("token", learner_id, token_id)


class Token(Aggregate):
    """One token of the API, or the family of those that follow each other in one app."""

    category = "token"
    ids = ("learner_id", "token_id")
    keyed_by = "learner_id"

    class Issued(Aggregate.Event):
        TOPIC = "token.issued"
        kind: str
        scopes: list[str]
        until: datetime

    class Revoked(Aggregate.Event):
        TOPIC = "token.revoked"
        cause: str

    def initial_state(self) -> None:
        self.is_revoked = False

    def issue(self, kind: TokenKind, scopes: Sequence[str], until: datetime) -> None:
        """The token opens what its scopes say, until a time at the latest."""
        if not self.exists:
            self._issued(kind=kind.value, scopes=sorted(set(scopes)), until=until)

    @event(Issued)
    def _issued(self, kind: str, scopes: list[str], until: datetime) -> None:
        """What remains to be known is whether it is revoked."""

    def revoke(self, cause: str) -> None:
        """End the token before its time; once, and only one that was issued."""
        if self.exists and not self.is_revoked:
            self._revoked(cause=cause)

    @event(Revoked)
    def _revoked(self, cause: str) -> None:
        self.is_revoked = True
