"""
Clients: programs of other systems, which act in their own name (OAuth 2.0, RFC 6749, section 2).

A client proves itself by a secret, or by a signature that a public key checks. The facts have the public keys, and of a
secret only that there is one. What a client may do is said by its role, `service`, which is granted like any other.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected

PREFIX = "service-"
"""Begins the id of each client, so that none is taken for a person."""

ID_PATTERN = re.compile(r"service-[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?\Z")
SCOPES = ("read", "write")
"""What a token of a client may open: all that its role may see; commands."""

MOST_CREDENTIALS = 2
"""That are valid at once: the one that a program has, and the one that takes its place."""
LONGEST_LIFE = timedelta(days=366)


class CredentialKind(StrEnum):
    """How a client proves itself: by a secret that both know, or by a key of which the campus has the public part."""

    SECRET = "secret"  # noqa: S105 - a kind
    KEY = "key"


class BadClientId(Rejected):
    """The id of a client has another form."""

    code = "bad_client_id"
    template = "the id of a client is service- and up to 50 small letters, digits and dashes, such as service-reports"


class BadScope(Rejected):
    """A client would have tokens of a scope that there is not, or of none."""

    code = "bad_scope"
    template = "a client has scopes of {known}, and one at least"


class ClientNotFound(NotFound):
    """No client has this id."""

    code = "client_not_found"
    template = "there is no client {client_id}"


class ClientExists(Conflict):
    """Another client was registered by this id."""

    code = "client_exists"
    template = "the client {client_id} is registered with another name or other scopes: choose another id"


class ClientEnded(Conflict):
    """The client has ended, for good."""

    code = "client_ended"
    template = "the client {client_id} has ended: register another one"


class TooManyCredentials(Conflict):
    """The client has as many valid credentials as it may have."""

    code = "too_many_credentials"
    template = "the client {client_id} has {most} valid credentials: remove one of them first"


class CredentialNotFound(NotFound):
    """The client has no such credential."""

    code = "credential_not_found"
    template = "the client {client_id} has no credential {credential_id}"


class BadLifetime(Rejected):
    """A credential would be valid for no time, or for too long."""

    code = "bad_lifetime"
    template = "a credential is valid for 1 to {most} days"


class SecretWasShown(Conflict):
    """A request is sent once more that has made a secret, which is kept nowhere."""

    code = "secret_was_shown"
    template = (
        "the secret of this credential was shown once, and is kept nowhere: remove {credential_id}, and add another"
    )


class Credential(NamedTuple):
    """By what a client proves itself, until when; *public_key* is a JWK as text, None for a secret."""

    kind: CredentialKind
    public_key: str | None
    until: datetime


def client_stream(client_id: str) -> str:
    """The stream of a client; raises BadClientId."""
    if ID_PATTERN.match(client_id) is None:
        raise BadClientId
    return stream_id("client", client_id)


class Client(Aggregate):
    """One client."""

    category = "client"
    ids = ("client_id",)
    keyed_by = "client_id"

    class Registered(Aggregate.Event):
        TOPIC = "client.registered"
        name: str
        scopes: list[str]
        reason: str

    class CredentialAdded(Aggregate.Event):
        TOPIC = "client.credential_added"
        credential_id: str
        kind: str
        public_key: str | None
        until: datetime
        reason: str

    class CredentialRemoved(Aggregate.Event):
        TOPIC = "client.credential_removed"
        credential_id: str
        reason: str

    class Ended(Aggregate.Event):
        TOPIC = "client.ended"
        reason: str

    def initial_state(self) -> None:
        self.name = ""
        self.scopes: list[str] = []
        self.credentials: dict[str, Credential] = {}  # by id; those that have not been removed
        self.is_ended = False

    @property
    def client_id(self) -> str:
        """The id of the client, from the stream's id."""
        return self.id_of("client_id")

    def live(self, at: datetime) -> Mapping[str, Credential]:
        """The credentials that are valid at a time; none of a client that has ended."""
        return {} if self.is_ended else {name: each for name, each in self.credentials.items() if each.until > at}

    def register(self, name: str, scopes: Sequence[str], reason: str) -> None:
        """Let a program have tokens of these scopes; the same once more changes nothing."""
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise BadScope(known=" and ".join(SCOPES))
        if self.is_ended:
            raise ClientEnded(client_id=self.client_id)
        if not self.exists:
            self._registered(name=name, scopes=wanted, reason=reason)
        elif (self.name, self.scopes) != (name, wanted):
            raise ClientExists(client_id=self.client_id)

    @event(Registered)
    def _registered(self, name: str, scopes: list[str], reason: str) -> None:
        self.name, self.scopes = name, scopes

    def add_credential(
        self, credential_id: str, public_key: str | None, lifetime: timedelta, reason: str, at: datetime
    ) -> None:
        """
        Let the client prove itself by one credential more; once more changes nothing.

        Args:
            public_key: a JWK; None for a secret, which stands beside the log.
            at: the present time.

        Raises:
            ClientNotFound, ClientEnded, BadLifetime, TooManyCredentials.
        """
        self._must_go_on()
        if credential_id in self.credentials:
            return
        if not timedelta() < lifetime <= LONGEST_LIFE:
            raise BadLifetime(most=LONGEST_LIFE.days)
        if len(self.live(at)) >= MOST_CREDENTIALS:
            raise TooManyCredentials(client_id=self.client_id, most=MOST_CREDENTIALS)
        kind = CredentialKind.SECRET if public_key is None else CredentialKind.KEY
        until = at + lifetime
        self._credential_added(
            credential_id=credential_id, kind=kind.value, public_key=public_key, until=until, reason=reason
        )

    @event(CredentialAdded)
    def _credential_added(
        self, credential_id: str, kind: str, public_key: str | None, until: datetime, reason: str
    ) -> None:
        self.credentials[credential_id] = Credential(CredentialKind(kind), public_key, until)

    def remove_credential(self, credential_id: str, reason: str) -> None:
        """A credential proves nothing any more, and tokens that were issued for it open nothing."""
        self._must_go_on()
        if credential_id not in self.credentials:
            raise CredentialNotFound(client_id=self.client_id, credential_id=credential_id)
        self._credential_removed(credential_id=credential_id, reason=reason)

    @event(CredentialRemoved)
    def _credential_removed(self, credential_id: str, reason: str) -> None:
        self.credentials.pop(credential_id, None)

    def end(self, reason: str) -> None:
        """The client gets no tokens any more, for good, and those that it has open nothing; once."""
        if not self.exists:
            raise ClientNotFound(client_id=self.client_id)
        if not self.is_ended:
            self._ended(reason=reason)

    @event(Ended)
    def _ended(self, reason: str) -> None:
        self.is_ended = True

    def _must_go_on(self) -> None:
        if not self.exists:
            raise ClientNotFound(client_id=self.client_id)
        if self.is_ended:
            raise ClientEnded(client_id=self.client_id)
