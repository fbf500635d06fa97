"""Use cases of signing in."""

from commands.auth import (
    AddFactor,
    ConfirmSession,
    Impersonate,
    IssueToken,
    MakeRecoveryCodes,
    OpenSession,
    RemoveFactor,
    RequestReset,
    ResetPassword,
    RevokeSessions,
    RevokeTokens,
    SetPassword,
    UseRecoveryCode,
)
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.auth import LONGEST_IMPERSONATION, Credentials, FactorKind, Session, Token, TokenKind
from domain.roles import ADMIN_OF_CAMPUS
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


async def test_an_admin_acts_as_a_learner_with_an_account(empty: Campus) -> None:
    """One that is in use, of a person who is a learner and nothing else."""
    until = AT + LONGEST_IMPERSONATION
    for person in ("ann", "bob", "cid"):
        await empty.give(RegisterAccount(person, f"{person}@example.org"))
    await empty.give(VerifyEmail("ann"))
    await empty.give(VerifyEmail("bob"))
    await empty.give(GrantRole("bob", ADMIN_OF_CAMPUS, None, "runs the campus"))
    assert await empty.refused(Impersonate("bob", "s1", until, "unspecified")) == "not_impersonated"
    assert await empty.refused(Impersonate("cid", "s1", until, "unspecified")) == "account_not_active"
    assert await empty.refused(Impersonate("dan", "s1", until, "unspecified")) == "account_not_found"
    command = Impersonate("ann", "s1", until, "unspecified")
    ((stream, begun),) = await empty.new(command)
    assert (stream, begun.type) == ("session-ann:s1", "session.impersonated")
    assert await empty.repeats(command)
    await empty.give(GrantRole("ann", ADMIN_OF_CAMPUS, None, "helps"))
    assert await empty.repeats(command)


async def test_a_password_is_set(empty: Campus) -> None:
    """The fact has the id of what is kept elsewhere."""
    stream = "credentials-ann"
    assert await empty.new(SetPassword("ann", "p1", "registration")) == [
        (stream, fact(Credentials.PasswordSet, password_id="p1", cause="registration"))
    ]
    assert await empty.repeats(SetPassword("ann", "p1", "registration"))


async def test_a_forgotten_password_is_replaced(empty: Campus) -> None:
    """Asked for as often as one likes, replaced once."""
    await empty.give(SetPassword("ann", "p1", "registration"))
    for _ in range(2):
        assert await empty.new(RequestReset("ann")) == [("credentials-ann", fact(Credentials.ResetRequested))]
    replaced = fact(Credentials.PasswordSet, password_id="p2", cause="reset")
    assert await empty.new(ResetPassword("ann", "p2", "p1")) == [("credentials-ann", replaced)]
    assert await empty.repeats(ResetPassword("ann", "p2", "p1"))
    assert await empty.refused(ResetPassword("ann", "p3", "p1")) == "link_refused"


async def test_second_factors_and_what_they_prove(empty: Campus) -> None:
    """Each step is a fact; those that are done again change nothing."""
    stream = "credentials-ann"
    factor = {"factor_id": "f1", "kind": "totp"}
    assert await empty.new(AddFactor("ann", "f1", FactorKind.TOTP)) == [
        (stream, fact(Credentials.FactorAdded, **factor))
    ]
    assert await empty.repeats(AddFactor("ann", "f1", FactorKind.TOTP))
    codes = {"codes_id": "c1", "count": 10}
    assert await empty.new(MakeRecoveryCodes("ann", "c1", 10)) == [
        (stream, fact(Credentials.RecoveryCodesMade, **codes))
    ]
    used = fact(Credentials.RecoveryCodeUsed, codes_id="c1", left=9)
    assert await empty.new(UseRecoveryCode("ann", "c1")) == [(stream, used)]
    assert await empty.refused(UseRecoveryCode("ann", "c0")) == "factor_refused"
    assert await empty.new(RemoveFactor("ann", "f1")) == [(stream, fact(Credentials.FactorRemoved, **factor))]
    assert await empty.refused(RemoveFactor("ann", "f1")) == "factor_not_found"
    assert await empty.refused(ConfirmSession("ann", "s1", "totp")) == "sign_in_refused"
    await empty.give(OpenSession("ann", "s1", "password", AT))
    confirmed = [("session-ann:s1", fact(Session.Confirmed, method="totp"))]
    assert await empty.new(ConfirmSession("ann", "s1", "totp")) == confirmed


async def test_tokens_are_issued_and_revoked(empty: Campus) -> None:
    """Those that were not issued, or have ended, are passed over."""
    issue = IssueToken("ann", "t1", TokenKind.PERSONAL, ("write", "read", "read"), AT)
    issued = fact(Token.Issued, kind="personal", scopes=["read", "write"], until=f"{AT:%Y-%m-%dT%H:%M:%SZ}")
    assert await empty.new(issue) == [("token-ann:t1", issued)]
    assert await empty.repeats(issue)
    revoked = fact(Token.Revoked, cause="revoked")
    assert await empty.new(RevokeTokens("ann", ("never", "t1"), "revoked")) == [("token-ann:t1", revoked)]
    assert await empty.repeats(RevokeTokens("ann", ("t1",), "reused"))
