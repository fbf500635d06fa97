"""
What a person wants to be notified of, and how: switches for everything, for a kind, and for a kind by one channel.

The narrowest switch that was set decides, then the table of templates. What is required goes out whatever is set, and
at once: quiet hours and digests are for all else.
"""

from collections.abc import Iterable
from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Rejected
from domain.notification.schedule import DigestRule, QuietHours, check_digest, check_quiet_hours
from domain.notification.templates import REQUIRED, Channel, Kind, Template


class UnfitSwitch(Rejected):
    """A switch is for no kind or no channel that there is."""

    code = "unfit_switch"
    template = "there is no switch for the kind {kind} and the channel {channel}"


class RequiredKind(Rejected):
    """What is of this kind has to reach the person."""

    code = "required_kind"
    template = "notifications of the kind {kind} cannot be switched off"


class Switch(NamedTuple):
    """A switch: of one kind by one channel, of a kind by all of them, or of everything, where both are None."""

    kind: str | None = None
    channel: str | None = None


class Setting(NamedTuple):
    """A switch and how it is to stand; None for as if it had never been set."""

    switch: Switch
    on: bool | None


def settings_stream(learner_id: str) -> str:
    """The stream of what a person wants to be notified of."""
    return stream_id("notification_settings", learner_id)


class NotificationSettings(Aggregate):
    """What one person wants to be notified of."""

    category = "notification_settings"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class Switched(Aggregate.Event):
        TOPIC = "notification_settings.switched"
        kind: str | None
        channel: str | None
        old: bool | None
        new: bool | None

    class QuietHoursChanged(Aggregate.Event):
        TOPIC = "notification_settings.quiet_hours_changed"
        old_begins: str | None
        old_ends: str | None
        new_begins: str | None
        new_ends: str | None

    class DigestChanged(Aggregate.Event):
        TOPIC = "notification_settings.digest_changed"
        old_every: str | None
        old_at: str | None
        old_weekday: int | None
        new_every: str | None
        new_at: str | None
        new_weekday: int | None

    def initial_state(self) -> None:
        self.switches: dict[Switch, bool] = {}
        self.quiet: QuietHours | None = None
        self.digest: DigestRule | None = None

    def set(self, settings: Iterable[Setting]) -> None:
        """Set switches, a fact for each that stands otherwise by it."""
        settings = list(settings)
        for switch, on in settings:
            _check(switch, on)
        for switch, on in settings:
            old = self.switches.get(switch)
            if old != on:
                self._switched(kind=switch.kind, channel=switch.channel, old=old, new=on)

    @event(Switched)
    def _switched(self, kind: str | None, channel: str | None, old: bool | None, new: bool | None) -> None:
        switch = Switch(kind, channel)
        if new is None:
            self.switches.pop(switch, None)
        else:
            self.switches[switch] = new

    def schedule(self, quiet: QuietHours | None, digest: DigestRule | None) -> None:
        """When mails come that can wait; None for no quiet hours, and for each mail by itself."""
        if quiet is not None:
            check_quiet_hours(quiet)
        if digest is not None:
            check_digest(digest)
        if quiet != self.quiet:
            old, new = self.quiet or (None, None), quiet or (None, None)
            self._quiet_hours_changed(old_begins=old[0], old_ends=old[1], new_begins=new[0], new_ends=new[1])
        if digest != self.digest:
            was, now = self.digest or (None, None, None), digest or (None, None, None)
            self._digest_changed(
                old_every=was[0],
                old_at=was[1],
                old_weekday=was[2],
                new_every=now[0],
                new_at=now[1],
                new_weekday=now[2],
            )

    @event(QuietHoursChanged)
    def _quiet_hours_changed(
        self, old_begins: str | None, old_ends: str | None, new_begins: str | None, new_ends: str | None
    ) -> None:
        self.quiet = None if new_begins is None or new_ends is None else QuietHours(new_begins, new_ends)

    @event(DigestChanged)
    def _digest_changed(
        self,
        old_every: str | None,
        old_at: str | None,
        old_weekday: int | None,
        new_every: str | None,
        new_at: str | None,
        new_weekday: int | None,
    ) -> None:
        self.digest = None if new_every is None or new_at is None else DigestRule(new_every, new_at, new_weekday)

    def chosen(self, kind: Kind, channel: Channel) -> bool | None:
        """Whether the person wants to be notified of what is of a kind by a channel; None where no switch says so."""
        if kind in REQUIRED:
            return None
        switches = (Switch(kind, channel), Switch(kind), Switch())
        return next((self.switches[switch] for switch in switches if switch in self.switches), None)

    def wants(self, template: Template, channel: Channel) -> bool:
        """Whether the person is to be notified by a channel: as was chosen, else as the template has it."""
        chosen = self.chosen(template.kind, channel)
        return channel in template.channels if chosen is None else chosen


def _check(switch: Switch, on: bool | None) -> None:
    """Raise UnfitSwitch or RequiredKind for what cannot be set."""
    is_one = switch.kind is None and switch.channel is None
    fits = switch.kind in set(Kind) and (switch.channel is None or switch.channel in set(Channel))
    if not (is_one or fits):
        raise UnfitSwitch(kind=switch.kind, channel=switch.channel)
    if switch.kind in REQUIRED and on is not None:
        raise RequiredKind(kind=switch.kind)
