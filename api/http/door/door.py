"""
The door of one process: counts a request for its user and its network, and knows what every answer carries.

Monitors (`/healthz`, `/readyz`, `/metrics`) are not counted, and neither are requests from this machine: they are those
of an operator, a script or a benchmark; clients behind a proxy here are counted by what a trusted one has seen. A user
is counted by name where the token was verified before, and by the session's cookie otherwise; a token that is new here
counts for the network alone until the route has verified it.
"""

from collections.abc import Mapping
from time import monotonic_ns

from starlette.types import Scope

from adapters.settings import Settings, base64_keys
from adapters.valkey.flow_limits import CannotCount, Flow, FlowLimits, TriedTooOften
from api.http.door.access_log import AccessLog
from api.http.door.addresses import FORWARDED, client_of, network_of
from api.http.door.draining import Draining
from api.http.door.identity import HEADER, IdentityVerifier
from api.http.door.rates import Header, RateLimit, per_minute
from api.http.door.refused import Refused
from api.http.door.security_headers import security_headers
from api.http.jwt_verifier import JwtVerifier
from api.http.sessions import session_of_cookies
from domain.roles import Role

FREE = frozenset(("/healthz", "/readyz", "/metrics"))
SIGN_IN, ERASE = "/v1/auth/", "/v1/me/account/erase"
ENDS = frozenset(("/v1/auth/logout", "/v1/auth/sessions/revoke"))
"""What takes rights away works while attempts cannot be counted."""

ORDERS = "/v1/orders"
SELLERS = frozenset((Role.ADMIN.value, Role.SERVICE.value))


class FlowLimited(Refused):
    """A business flow was tried too often from one place."""

    status, code = 429, "tried_too_often"

    def __init__(self, limited: TriedTooOften) -> None:
        super().__init__(str(limited))
        self.headers = {"retry-after": str(limited.retry_after)}


class FlowClosed(Refused):
    """Attempts cannot be counted."""

    status, code = 503, "unavailable"
    headers = {"retry-after": "5"}  # noqa: RUF012 - never changed


class Door:
    """
    The limits of one process, and the headers of its answers.

    Attributes:
        tokens: verifies tokens, once the process has started; it knows those that were verified before.
        draining: whether the process takes nothing new.
    """

    def __init__(self, settings: Settings, *, believes_gateways: bool = True) -> None:
        self.headers = security_headers(settings.public_url)
        self.log = AccessLog(settings.access_log)
        self.tokens: JwtVerifier | None = None
        self.draining = Draining()
        self._proxies = settings.trusted_proxies
        self._by_user = per_minute("user", settings.rate_per_user)
        self._by_network = per_minute("network", settings.rate_per_network)
        self._flows = FlowLimits(settings)
        keys = base64_keys(settings.identity_public_keys) if believes_gateways else []
        self._identities = IdentityVerifier(keys, settings.name)

    async def close(self) -> None:
        """Close the connections that count business flows."""
        await self._flows.close()

    def admit(self, scope: Scope, fields: Mapping[bytes, bytes]) -> list[Header]:
        """
        Count a request; *fields* are its headers by name.

        Returns:
            What its answer says of quotas of which more than half is used.

        Raises:
            NoIdentity: a gateway's header is not one.
            TooManyRequests: a quota is used up.
        """
        if (passed_on := fields.get(HEADER)) is not None:
            scope["identity"] = self._identities.user(passed_on)
        if scope["path"] in FREE:
            return []
        client = self.client(scope, fields) if self._proxies else scope["client"][0] if scope["client"] else ""
        if not (network := network_of(client)):
            return []
        now = monotonic_ns()
        said: list[Header] = []
        if self._by_user is not None and (user := self._user(scope, fields)):
            said = _count(self._by_user, user, now)
        if self._by_network is not None:
            said = said + _count(self._by_network, network, now)
        return said

    def flow(self, path: str) -> Flow | None:
        """The business flow that a command at *path* is a part of."""
        if path.startswith(SIGN_IN) or path == ERASE:
            return None if path in ENDS else self._flows.sign_in
        return self._flows.order if path == ORDERS else None

    async def count(self, flow: Flow, scope: Scope, fields: Mapping[bytes, bytes]) -> None:
        """
        Count an attempt at *flow*.

        Orders are counted for the learner who places them: not those from this machine, nor of who sells to many.

        Raises:
            FlowLimited: there were too many.
            FlowClosed: they cannot be counted, and must be.
        """
        client = self.client(scope, fields)
        key = network_of(client)
        if flow.must_count:
            key = key or client
        elif not key or self._acts_for_others(scope, fields):
            return
        else:
            key = self._user(scope, fields) or key
        try:
            await self._flows.take(flow, key)
        except TriedTooOften as error:
            raise FlowLimited(error) from error
        except CannotCount as error:
            raise FlowClosed(str(error)) from error

    def client(self, scope: Scope, fields: Mapping[bytes, bytes]) -> str:
        """The address of who sends a request."""
        forwarded = fields.get(FORWARDED) if self._proxies else None
        return client_of(scope, forwarded.decode("latin-1") if forwarded else None, self._proxies)

    def _acts_for_others(self, scope: Scope, fields: Mapping[bytes, bytes]) -> bool:
        """Whether the user is known to place orders of many learners."""
        self._user(scope, fields)
        user = scope.get("identity") or scope.get("known_user")
        return user is not None and not SELLERS.isdisjoint(user.roles)

    def _user(self, scope: Scope, fields: Mapping[bytes, bytes]) -> str:
        """What the requests of one user have in common; empty for a request that names none."""
        if (passed_on := scope.get("identity")) is not None:
            return str(passed_on.subject)
        authorization = fields.get(b"authorization")
        if authorization is not None:
            user = self.tokens.known(authorization.decode("latin-1")) if self.tokens is not None else None
            scope["known_user"] = user
            return "" if user is None else user.subject
        if b"cookie" not in fields:
            return ""
        return session_of_cookies(fields[b"cookie"].decode("latin-1"))


def _count(limit: RateLimit, key: str, now: int) -> list[Header]:
    return limit.headers(key, now) if limit.take(key, now) else []
