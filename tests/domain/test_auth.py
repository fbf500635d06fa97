"""Signing in, by its facts and rules."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from domain.auth import (
    LONGEST_IMPERSONATION,
    MOST_FACTORS,
    MOST_IDENTITIES,
    Credentials,
    FactorKind,
    FactorNotFound,
    FactorRefused,
    NotImpersonated,
    Session,
    SignInRefused,
    Token,
    TokenKind,
    TooManyFactors,
    UnfitImpersonation,
)
from domain.identity_errors import IdentityNotFound, LastWayIn, TooManyIdentities
from domain.links import LinkRefused
from tests.support.given import AT, STREAMS, Said, fact, given

OPENED, REVOKED = fact(Session.Opened, method="password", until=AT), fact(Session.Revoked, cause="logout")


def test_a_session_is_opened_and_revoked_once() -> None:
    """One that was never opened is not revoked, and one that was revoked is not opened again."""
    given(Session).when(lambda session: session.open("password", AT)).then(OPENED)
    given(Session, OPENED).when(lambda session: session.open("password", AT)).then()
    given(Session, OPENED).when(lambda session: session.revoke("logout")).then(REVOKED)
    given(Session, OPENED, REVOKED).when(lambda session: session.revoke("erasure")).then()
    given(Session, OPENED, REVOKED).when(lambda session: session.open("password", AT)).then()
    given(Session).when(lambda session: session.revoke("logout")).then()


def test_an_admin_acts_as_a_learner_for_half_an_hour() -> None:
    """Not as himself, not longer and not in the past; the session ends as any other does."""
    until = AT + LONGEST_IMPERSONATION
    begun = fact(Session.Impersonated, by="admin", until=until, reason="cannot submit")

    def acts(by: str = "admin", until: datetime = until) -> Any:
        return lambda session: session.impersonate(by, until, "cannot submit", AT)

    given(Session).when(acts()).then(begun)
    given(Session, begun).when(acts()).then()
    given(Session, begun).when(lambda session: session.revoke("returned")).then(fact(Session.Revoked, cause="returned"))
    for wrong in (AT, until + timedelta(seconds=1)):
        given(Session).when(acts(until=wrong)).refused(UnfitImpersonation, minutes=30, until=wrong.isoformat())
    learner_id = STREAMS["session"].removeprefix("session-").partition(":")[0]
    given(Session).when(acts(by=learner_id)).refused(NotImpersonated, learner_id=learner_id, why="is the same person")


def test_one_password_is_valid() -> None:
    """The one that was set last; the same once more is no news."""
    first = fact(Credentials.PasswordSet, password_id="p1", cause="registration")
    given(Credentials).when(lambda it: it.set_password("p1", "registration")).then(first)
    given(Credentials, first).when(lambda it: it.set_password("p1", "change")).then()
    given(Credentials, first).when(lambda it: it.set_password("p2", "change")).then(
        fact(Credentials.PasswordSet, password_id="p2", cause="change")
    )


def added(number: int) -> Said:
    """The fact of one more app."""
    return fact(Credentials.FactorAdded, factor_id=f"f{number}", kind="totp")


def test_a_factor_is_added_and_removed_once() -> None:
    """There are ten of them at most."""
    removed = fact(Credentials.FactorRemoved, factor_id="f1", kind="totp")
    given(Credentials).when(lambda it: it.add_factor("f1", FactorKind.TOTP)).then(added(1))
    given(Credentials, added(1)).when(lambda it: it.add_factor("f1", FactorKind.TOTP)).then()
    given(Credentials, added(1)).when(lambda it: it.remove_factor("f1")).then(removed)
    given(Credentials, added(1), removed).when(lambda it: it.remove_factor("f1")).refused(
        FactorNotFound, factor_id="f1"
    )
    all_of_them = [added(number) for number in range(MOST_FACTORS)]
    given(Credentials, *all_of_them).when(lambda it: it.add_factor("more", FactorKind.PASSKEY)).refused(
        TooManyFactors, most=MOST_FACTORS
    )


def test_recovery_codes_are_counted_down() -> None:
    """New ones end the old ones; more than there are cannot be used."""
    made, used = (
        fact(Credentials.RecoveryCodesMade, codes_id="c1", count=1),
        fact(Credentials.RecoveryCodeUsed, codes_id="c1", left=0),
    )
    given(Credentials).when(lambda it: it.make_recovery_codes("c1", 1)).then(made)
    given(Credentials, made).when(lambda it: it.make_recovery_codes("c1", 1)).then()
    given(Credentials, made).when(lambda it: it.use_recovery_code("c1")).then(used)
    for codes_id in ("c1", "c2"):
        given(Credentials, made, used).when(partial(Credentials.use_recovery_code, codes_id=codes_id)).refused(
            FactorRefused
        )


def test_a_session_is_confirmed_while_it_lasts() -> None:
    """As often as the person proves to be there."""
    confirmed = fact(Session.Confirmed, method="totp")
    for past in ((OPENED,), (OPENED, confirmed)):
        given(Session, *past).when(lambda session: session.confirm("totp")).then(confirmed)
    for ended in ((), (OPENED, REVOKED)):
        given(Session, *ended).when(lambda session: session.confirm("totp")).refused(SignInRefused)


def test_a_token_is_issued_and_revoked_once() -> None:
    """One that was never issued is not revoked."""
    issued = fact(Token.Issued, kind="app", scopes=["read"], until=AT)
    revoked = fact(Token.Revoked, cause="reused")
    given(Token).when(lambda token: token.issue(TokenKind.APP, ["read", "read"], AT)).then(issued)
    given(Token, issued).when(lambda token: token.issue(TokenKind.APP, ["write"], AT)).then()
    given(Token, issued).when(lambda token: token.revoke("reused")).then(revoked)
    given(Token, issued, revoked).when(lambda token: token.revoke("revoked")).then()
    given(Token).when(lambda token: token.revoke("revoked")).then()


def test_a_forgotten_password_is_replaced_by_one_link() -> None:
    """Links are for the password that was valid when they were written: the first that is used ends the others."""
    first, reset = (
        fact(Credentials.PasswordSet, password_id="p1", cause="registration"),
        fact(Credentials.PasswordSet, password_id="p2", cause="reset"),
    )
    requested = fact(Credentials.ResetRequested)
    given(Credentials, first).when(Credentials.request_reset).then(requested)
    given(Credentials, first, requested).when(lambda it: it.reset_password("p2", "p1")).then(reset)
    given(Credentials, first, reset).when(lambda it: it.reset_password("p3", "p1")).refused(LinkRefused, why="used")
    given(Credentials, first, reset).when(lambda it: it.reset_password("p2", "p1")).then()


def linked(number: int) -> Said:
    """The fact of one more account elsewhere."""
    return fact(Credentials.IdentityLinked, identity_id=f"i{number}", issuer="https://sign-in.example")


def test_an_account_elsewhere_is_linked_and_unlinked_once() -> None:
    """There are ten of them at most."""
    unlinked = fact(Credentials.IdentityUnlinked, identity_id="i1", issuer="https://sign-in.example")
    password = fact(Credentials.PasswordSet, password_id="p1", cause="registration")
    link = partial(Credentials.link_identity, identity_id="i1", issuer="https://sign-in.example")
    given(Credentials).when(link).then(linked(1))
    given(Credentials, linked(1)).when(link).then()
    given(Credentials, password, linked(1)).when(lambda it: it.unlink_identity("i1")).then(unlinked)
    given(Credentials, password, linked(1), unlinked).when(lambda it: it.unlink_identity("i1")).refused(
        IdentityNotFound, identity_id="i1"
    )
    full = [linked(number) for number in range(2, MOST_IDENTITIES + 2)]
    given(Credentials, *full).when(link).refused(TooManyIdentities, most=MOST_IDENTITIES)


def test_the_last_way_in_stays() -> None:
    """A password, a passkey or an account elsewhere is one; an app is none by itself."""
    passkey = fact(Credentials.FactorAdded, factor_id="f1", kind="passkey")
    unlinked = fact(Credentials.IdentityUnlinked, identity_id="i1", issuer="https://sign-in.example")
    removed = fact(Credentials.FactorRemoved, factor_id="f1", kind="passkey")
    given(Credentials, linked(1)).when(lambda it: it.unlink_identity("i1")).refused(LastWayIn)
    given(Credentials, linked(1), added(2)).when(lambda it: it.unlink_identity("i1")).refused(LastWayIn)
    given(Credentials, linked(1), passkey).when(lambda it: it.unlink_identity("i1")).then(unlinked)
    given(Credentials, linked(1), passkey).when(lambda it: it.remove_factor("f1")).then(removed)
    given(Credentials, linked(1), passkey, unlinked).when(lambda it: it.remove_factor("f1")).refused(LastWayIn)
    given(Credentials, linked(1), linked(2)).when(lambda it: it.unlink_identity("i1")).then(unlinked)


def test_who_never_had_a_password_chooses_one_by_a_mail() -> None:
    """Bound to there being none."""
    chosen = fact(Credentials.PasswordSet, password_id="p1", cause="reset")
    given(Credentials, linked(1)).when(lambda it: it.reset_password("p1", "")).then(chosen)
    given(Credentials, linked(1), chosen).when(lambda it: it.reset_password("p2", "")).refused(LinkRefused, why="used")
