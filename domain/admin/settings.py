"""
Settings of a campus that its admins change while it runs: a small closed set, each a text that is checked.

What belongs to the machine (addresses, secrets, limits) stands in the environment. What people decide stands here: who
changed it, when, why, from what to what.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Rejected
from domain.profiles import ADDRESS_PATTERN, NAME_PATTERN

CAMPUS_NAME, SUPPORT_ADDRESS, REGISTRATION = "campus_name", "support_address", "registration"
SELF_LINKING, TICKETS, REASONS = "self_linking", "tickets", "reasons"
OPEN, CLOSED, ALLOWED, REFUSED, OPTIONAL, REQUIRED = "open", "closed", "allowed", "refused", "optional", "required"
LONGEST_NAME, LONGEST_ADDRESS = 100, 254  # characters


class Setting(NamedTuple):
    """
    A setting.

    Attributes:
        default: what holds until it is changed.
        expected: what a value has to be, for people.
        fits: whether a text is that.
        means: what it does.
    """

    default: str
    expected: str
    fits: Callable[[str], bool]
    means: str


def _one_of(*words: str) -> tuple[str, Callable[[str], bool]]:
    return " or ".join(words), lambda value: value in words


def _is_name(value: str) -> bool:
    return 0 < len(value) <= LONGEST_NAME and bool(value.strip()) and NAME_PATTERN.match(value) is not None


def _is_address(value: str) -> bool:
    return value == "" or (len(value) <= LONGEST_ADDRESS and re.match(ADDRESS_PATTERN, value) is not None)


SETTINGS: Mapping[str, Setting] = {
    CAMPUS_NAME: Setting(
        "Campuslog", f"a name of 1 to {LONGEST_NAME} characters", _is_name, "How the campus is called."
    ),
    SUPPORT_ADDRESS: Setting("", "an e-mail address, or empty", _is_address, "Whom people write to for help."),
    REGISTRATION: Setting(
        OPEN, *_one_of(OPEN, CLOSED), "Whether people register by themselves; closed, the staff invite them."
    ),
    SELF_LINKING: Setting(
        ALLOWED, *_one_of(ALLOWED, REFUSED), "Whether people connect accounts of providers with theirs."
    ),
    TICKETS: Setting(OPTIONAL, *_one_of(OPTIONAL, REQUIRED), "Whether what admins do needs a ticket."),
    REASONS: Setting(OPTIONAL, *_one_of(OPTIONAL, REQUIRED), "Whether what admins do needs a reason."),
}
"""By name, which is kept in facts for ever. One that does nothing any more is taken out; its facts stay."""


class UnknownSetting(Rejected):
    """There is no such setting."""

    code = "unknown_setting"
    template = "no setting is called {name}: there are {names}"


class UnfitSetting(Rejected):
    """The value is not what the setting can be."""

    code = "unfit_setting"
    template = "{name} has to be {expected}"


def settings_stream(campus: str = "main") -> str:
    """The stream of the settings of a campus."""
    return stream_id("setting", campus)


class CampusSettings(Aggregate):
    """The settings of a campus, as far as they were ever changed."""

    category = "setting"
    ids = ("campus",)

    class Changed(Aggregate.Event):
        TOPIC = "setting.changed"
        name: str
        old: str
        new: str
        reason: str

    def initial_state(self) -> None:
        self.changed: dict[str, str] = {}

    def value(self, name: str) -> str:
        """The value of a setting: as it was changed last, or its default."""
        return self.changed.get(name, SETTINGS[name].default)

    def change(self, name: str, new: str, reason: str) -> None:
        """
        Change a setting; to the value that it has, nothing.

        Raises:
            UnknownSetting, UnfitSetting.
        """
        setting = SETTINGS.get(name)
        if setting is None:
            raise UnknownSetting(name=name[:40], names=", ".join(SETTINGS))
        if not setting.fits(new):
            raise UnfitSetting(name=name, expected=setting.expected)
        if new != (old := self.value(name)):
            self._changed(name=name, old=old, new=new, reason=reason)

    @event(Changed)
    def _changed(self, name: str, old: str, new: str, reason: str) -> None:
        self.changed[name] = new
