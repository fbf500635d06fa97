"""Clients, by their facts and rules."""

from datetime import timedelta

import pytest

from domain.clients import (
    LONGEST_LIFE,
    MOST_CREDENTIALS,
    BadClientId,
    BadLifetime,
    BadScope,
    Client,
    ClientEnded,
    ClientExists,
    ClientNotFound,
    CredentialNotFound,
    TooManyCredentials,
    client_stream,
)
from tests.support.given import AT, Said, fact, given, replay

REGISTERED = fact(Client.Registered, name="Reports", scopes=["read"], reason="why")
ENDED = fact(Client.Ended, reason="why")
DAY = timedelta(days=1)


def added(number: int, days: int = 1) -> Said:
    """The fact of a secret that is valid for so many days."""
    terms = {"kind": "secret", "public_key": None, "until": AT + days * DAY, "reason": "why"}
    return fact(Client.CredentialAdded, credential_id=f"c{number}", **terms)


def add(client: Client, number: int = 1, lifetime: timedelta = DAY, key: str | None = None) -> None:
    """One more credential."""
    client.add_credential(f"c{number}", key, lifetime, "why", AT)


def test_a_client_is_registered_once() -> None:
    """The same once more changes nothing; with another name or scopes it would be another one."""
    given(Client).when(lambda it: it.register("Reports", ["read", "read"], "why")).then(REGISTERED)
    given(Client, REGISTERED).when(lambda it: it.register("Reports", ["read"], "again")).then()
    given(Client, REGISTERED).when(lambda it: it.register("Others", ["read"], "why")).refused(
        ClientExists, client_id="service-reports"
    )
    given(Client, REGISTERED).when(lambda it: it.register("Reports", ["write"], "why")).refused(
        ClientExists, client_id="service-reports"
    )


def test_a_client_has_scopes_that_there_are() -> None:
    """And one at least."""
    wrong: tuple[list[str], ...] = ([], ["admin"], ["read", ""])
    for scopes in wrong:
        with pytest.raises(BadScope):
            replay(Client, "client-service-reports", []).register("Reports", scopes, "why")


def test_two_credentials_are_valid_at_once() -> None:
    """So that one takes the place of the other without a pause; those that have ended do not count."""
    given(Client, REGISTERED).when(add).then(added(1))
    given(Client, REGISTERED, added(1)).when(add).then()
    given(Client, REGISTERED, added(1)).when(lambda it: add(it, 2)).then(added(2))
    given(Client, REGISTERED, added(1), added(2)).when(lambda it: add(it, 3)).refused(
        TooManyCredentials, client_id="service-reports", most=MOST_CREDENTIALS
    )
    given(Client, REGISTERED, added(1, days=0), added(2)).when(lambda it: add(it, 3)).then(added(3))
    terms = {"kind": "key", "public_key": "{}", "until": AT + DAY, "reason": "why"}
    given(Client, REGISTERED).when(lambda it: add(it, key="{}")).then(
        fact(Client.CredentialAdded, credential_id="c1", **terms)
    )
    for lifetime in (timedelta(), LONGEST_LIFE + DAY):
        with pytest.raises(BadLifetime):
            add(replay(Client, "client-service-reports", [REGISTERED]), lifetime=lifetime)


def test_a_credential_is_removed_once() -> None:
    """It is valid no more, and so is none of a client that has ended."""
    removed = fact(Client.CredentialRemoved, credential_id="c1", reason="why")
    given(Client, REGISTERED, added(1)).when(lambda it: it.remove_credential("c1", "why")).then(removed)
    given(Client, REGISTERED, added(1), removed).when(lambda it: it.remove_credential("c1", "why")).refused(
        CredentialNotFound, client_id="service-reports", credential_id="c1"
    )
    both = replay(Client, "client-service-reports", [REGISTERED, added(1), added(2, days=2)])
    assert list(both.live(AT)) == ["c1", "c2"]
    assert list(both.live(AT + DAY)) == ["c2"]
    ended = replay(Client, "client-service-reports", [REGISTERED, added(1), ENDED])
    assert ended.live(AT) == {}


def test_a_client_ends_for_good() -> None:
    """Once; one that is not there cannot."""
    given(Client, REGISTERED).when(lambda it: it.end("why")).then(ENDED)
    given(Client, REGISTERED, ENDED).when(lambda it: it.end("why")).then()
    given(Client).when(lambda it: it.end("why")).refused(ClientNotFound, client_id="service-reports")
    given(Client).when(add).refused(ClientNotFound, client_id="service-reports")
    for late in (add, lambda it: it.register("Reports", ["read"], "why"), lambda it: it.remove_credential("c1", "why")):
        given(Client, REGISTERED, added(1), ENDED).when(late).refused(ClientEnded, client_id="service-reports")


def test_no_id_of_a_client_is_that_of_a_person() -> None:
    """Each begins alike, and is small letters, digits and dashes."""
    assert client_stream("service-reports") == "client-service-reports"
    for wrong in ("reports", "service-", "service-A", "service-a b", "service--", "service-a-", "28400", "service-a:b"):
        with pytest.raises(BadClientId):
            client_stream(wrong)
