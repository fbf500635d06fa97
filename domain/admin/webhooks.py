"""
Outgoing webhooks: endpoints of other systems to which facts are sent, and what admins have decided about them.

Facts have no secret. What was sent, and what was answered, stands beside the log (adapters/webhooks): a delivery is no
fact, that an endpoint was disabled is one.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected
from domain.web_addresses import problem_of_address

MOST_TYPES = 200  # of facts that one endpoint gets


class WebhookStatus(StrEnum):
    """How an endpoint stands."""

    NONE = "none"
    ENABLED = "enabled"
    DISABLED = "disabled"
    REMOVED = "removed"


class DisabledBy(StrEnum):
    """Why nothing is sent to an endpoint: an admin has said so, it answered 410, or it failed for three days."""

    HAND = "by_hand"
    GONE = "gone"
    FAILING = "failing"


class UnfitUrl(Rejected):
    """An address to which no webhook is sent."""

    code = "unfit_webhook_url"
    template = "this is no address for a webhook: {why}"


class NotSentOut(Rejected):
    """A kind of fact that leaves the campus by no webhook."""

    code = "not_sent_out"
    template = "{type} is no kind of fact that is sent to other systems"


class WebhookNotFound(NotFound):
    """There is no such endpoint."""

    code = "webhook_not_found"
    template = "there is no webhook {endpoint_id}"


class WebhookNotEnabled(Conflict):
    """Nothing is sent to an endpoint that is disabled."""

    code = "webhook_not_enabled"
    template = "webhook {endpoint_id} is {status}: enable it first"


class UnfitReplay(Rejected):
    """A replay of no facts, or of facts that there are not yet."""

    code = "unfit_replay"
    template = "a replay goes from one position of the log to a later one, not from {first} to {last}"


class TooManyWebhooks(Conflict):
    """The campus has as many endpoints as there may be."""

    code = "too_many_webhooks"
    template = "a campus has {most} webhooks at most: remove one of them first"


class NotOfWebhook(Conflict):
    """A fact that the endpoint does not get, or that there is not."""

    code = "not_of_webhook"
    template = "webhook {endpoint_id} gets no fact at position {position}"


def webhook_stream(endpoint_id: str) -> str:
    """The stream of one endpoint."""
    return stream_id("webhook", endpoint_id)


def check_url(url: str, *, is_development: bool) -> None:
    """
    Refuse an address that is none for webhooks, by how it is written; where its name leads is judged when it is used.

    Args:
        is_development: whether `http` may go to this machine.

    Raises:
        UnfitUrl: with the reason.
    """
    if problem := problem_of_address(url, is_development=is_development):
        raise UnfitUrl(why=problem)


class Webhook(Aggregate):
    """
    One endpoint of another system.

    Attributes:
        secrets: until when each secret signs, by its id, in the order in which they were made; None: until another
            takes its place.
    """

    category = "webhook"
    ids = ("endpoint_id",)

    class Created(Aggregate.Event):
        TOPIC = "webhook.created"
        url: str
        types: list[str]
        description: str
        secret_id: str
        reason: str

    class Changed(Aggregate.Event):
        TOPIC = "webhook.changed"
        url: str
        types: list[str]
        description: str
        reason: str

    class SecretRotated(Aggregate.Event):
        TOPIC = "webhook.secret_rotated"
        secret_id: str
        others_until: datetime
        reason: str

    class Disabled(Aggregate.Event):
        TOPIC = "webhook.disabled"
        cause: str
        reason: str

    class Enabled(Aggregate.Event):
        TOPIC = "webhook.enabled"
        reason: str

    class Removed(Aggregate.Event):
        TOPIC = "webhook.removed"
        reason: str

    class PingRequested(Aggregate.Event):
        TOPIC = "webhook.ping_requested"

    class ReplayRequested(Aggregate.Event):
        TOPIC = "webhook.replay_requested"
        first: int
        last: int
        reason: str

    class ResendRequested(Aggregate.Event):
        TOPIC = "webhook.resend_requested"
        position: int
        reason: str

    def initial_state(self) -> None:
        self.url = self.description = self.secret_id = ""
        self.secrets: dict[str, datetime | None] = {}
        self.types: list[str] = []
        self.status = WebhookStatus.NONE
        self.cause: str | None = None

    def must_exist(self) -> None:
        """Raise WebhookNotFound for an endpoint that was not created, or is removed."""
        if self.status in (WebhookStatus.NONE, WebhookStatus.REMOVED):
            raise WebhookNotFound(endpoint_id=self.id_of("endpoint_id"))

    def must_be_enabled(self) -> None:
        """Raise WebhookNotEnabled for one to which nothing is sent."""
        self.must_exist()
        if self.status is not WebhookStatus.ENABLED:
            raise WebhookNotEnabled(endpoint_id=self.id_of("endpoint_id"), status=self.status.value)

    def create(self, url: str, types: Sequence[str], description: str, secret_id: str, reason: str) -> None:
        """Send facts of these kinds from now on; once."""
        if not self.exists:
            kinds = sorted(set(types))
            self._created(url=url, types=kinds, description=description, secret_id=secret_id, reason=reason)

    @event(Created)
    def _created(self, url: str, types: list[str], description: str, secret_id: str, reason: str) -> None:
        self.url, self.types, self.description, self.secret_id = url, types, description, secret_id
        self.secrets[secret_id] = None
        self.status = WebhookStatus.ENABLED

    def change(self, url: str, types: Sequence[str], description: str, reason: str) -> None:
        """Send elsewhere, or facts of other kinds, from now on."""
        self.must_exist()
        kinds = sorted(set(types))
        if (url, kinds, description) != (self.url, self.types, self.description):
            self._changed(url=url, types=kinds, description=description, reason=reason)

    @event(Changed)
    def _changed(self, url: str, types: list[str], description: str, reason: str) -> None:
        self.url, self.types, self.description = url, types, description

    def rotate(self, secret_id: str, others_until: datetime, reason: str) -> None:
        """Sign by another secret; those before it sign beside it until a time."""
        self.must_exist()
        if secret_id != self.secret_id:
            self._secret_rotated(secret_id=secret_id, others_until=others_until, reason=reason)

    @event(SecretRotated)
    def _secret_rotated(self, secret_id: str, others_until: datetime, reason: str) -> None:
        ends = {
            each: others_until if until is None else min(until, others_until) for each, until in self.secrets.items()
        }
        self.secret_id, self.secrets = secret_id, {**ends, secret_id: None}

    def signing_at(self, now: datetime) -> list[str]:
        """The ids of the secrets by which a message is signed at a time, the newest first."""
        return [each for each, until in reversed(self.secrets.items()) if until is None or until > now]

    def disable(self, cause: DisabledBy, reason: str) -> None:
        """Send nothing for now; what is due later waits. Once more changes nothing."""
        self.must_exist()
        if self.status is WebhookStatus.ENABLED:
            self._disabled(cause=cause.value, reason=reason)

    @event(Disabled)
    def _disabled(self, cause: str, reason: str) -> None:
        self.status, self.cause = WebhookStatus.DISABLED, cause

    def enable(self, reason: str) -> None:
        """Send again, beginning with what has waited."""
        self.must_exist()
        if self.status is WebhookStatus.DISABLED:
            self._enabled(reason=reason)

    @event(Enabled)
    def _enabled(self, reason: str) -> None:
        self.status, self.cause = WebhookStatus.ENABLED, None

    def remove(self, reason: str) -> None:
        """Send nothing any more, for good; once more changes nothing."""
        if self.status is WebhookStatus.NONE:
            self.must_exist()
        if self.status is not WebhookStatus.REMOVED:
            self._removed(reason=reason)

    @event(Removed)
    def _removed(self, reason: str) -> None:
        self.status, self.cause = WebhookStatus.REMOVED, None

    def request_ping(self) -> None:
        """Send a message that says nothing, to try it."""
        self.must_be_enabled()
        self._ping_requested()

    @event(PingRequested)
    def _ping_requested(self) -> None:
        """The fact itself is what is sent."""

    def request_replay(self, first: int, last: int, reason: str) -> None:
        """Send all facts of the endpoint's kinds once more that have these positions, both included."""
        self.must_be_enabled()
        if not 0 < first <= last:
            raise UnfitReplay(first=first, last=last)
        self._replay_requested(first=first, last=last, reason=reason)

    @event(ReplayRequested)
    def _replay_requested(self, first: int, last: int, reason: str) -> None:
        """How far it is stands beside the log."""

    def request_resend(self, position: int, reason: str) -> None:
        """Send the fact at a position once more."""
        self.must_be_enabled()
        self._resend_requested(position=position, reason=reason)

    @event(ResendRequested)
    def _resend_requested(self, position: int, reason: str) -> None:
        """What has become of it stands beside the log."""
