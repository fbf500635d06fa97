"""
Accounts: who a person is, as that person says; personal data stand in these facts only, sealed (domain/personal.py).

The id of an account is the person's `learner_id` in every other context. It is drawn at random and says nothing.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain import profiles
from domain.aggregate import Aggregate, event, stream_id
from domain.consents import PURPOSES
from domain.erasures import ErasureGround
from domain.links import LinkRefused
from domain.personal import Personal, PersonalKey, PersonErased, Words
from domain.profiles import DISPLAY_NAME, LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, AccountStatus
from domain.user_errors import AccountNotActive, AccountNotFound, OtherVersion, TooManyExports, UnknownPurpose

__all__ = ["DISPLAY_NAME", "LANGUAGE", "NOTIFICATION_ADDRESS", "TIME_ZONE", "AccountStatus", "User", "user_stream"]
MOST_EXPORTS = 5  # of one person within EXPORT_WINDOW
EXPORT_WINDOW = timedelta(days=1)


def user_stream(learner_id: str) -> str:
    """The stream of an account."""
    return stream_id("user", learner_id)


class User(Aggregate):
    """One account."""

    category = "user"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class Registered(Aggregate.Event):
        TOPIC = "user.registered"
        email: Personal
        language: Personal
        time_zone: Personal

    class RegistrationRepeated(Aggregate.Event):
        TOPIC = "user.registration_repeated"

    class EmailVerified(Aggregate.Event):
        TOPIC = "user.email_verified"

    class ProfileChanged(Aggregate.Event):
        TOPIC = "user.profile_changed"
        field: str
        old: Personal | None
        new: Personal

    class NotificationAddressRequested(Aggregate.Event):
        TOPIC = "user.notification_address_requested"
        address: Personal

    class RegistrationLapsed(Aggregate.Event):
        TOPIC = "user.registration_lapsed"

    class EmailChangeRequested(Aggregate.Event):
        TOPIC = "user.email_change_requested"
        email: Personal

    class EmailChanged(Aggregate.Event):
        TOPIC = "user.email_changed"
        old: Personal
        new: Personal

    class EmailRestored(Aggregate.Event):
        TOPIC = "user.email_restored"
        changed: int
        old: Personal
        new: Personal

    class Invited(Aggregate.Event):
        TOPIC = "user.invited"
        email: Personal
        display_name: Personal | None
        language: Personal
        time_zone: Personal

    class Provisioned(Aggregate.Event):
        TOPIC = "user.provisioned"
        issuer: str
        display_name: Personal | None
        language: Personal
        time_zone: Personal

    class ConsentGiven(Aggregate.Event):
        TOPIC = "user.consent_given"
        purpose: str
        version: int

    class ConsentWithdrawn(Aggregate.Event):
        TOPIC = "user.consent_withdrawn"
        purpose: str
        version: int

    class DataExported(Aggregate.Event):
        TOPIC = "user.data_exported"
        at: datetime

    class Suspended(Aggregate.Event):
        TOPIC = "user.suspended"
        reason: Words

    class Reinstated(Aggregate.Event):
        TOPIC = "user.reinstated"
        reason: Words

    class ErasureRequested(Aggregate.Event):
        TOPIC = "user.erasure_requested"
        class_version = 2
        ground: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["ground"] = ErasureGround.OWN_WISH.value

    class KeyDestroyed(Aggregate.Event):
        TOPIC = "user.key_destroyed"

    def initial_state(self) -> None:
        self.status = AccountStatus.NONE
        self.email: Personal | None = None
        self.profile: dict[str, Personal] = {}
        self.consents: dict[str, int] = {}  # versions, by purpose
        self.exports: list[datetime] = []  # the latest
        self.key_is_destroyed = False
        self.asked = 0  # version of the fact by which registration was asked for last
        self.wanted: tuple[int, Personal] | None = None  # version and address of a change that was asked for
        self.wanted_for_notices: tuple[int, Personal] | None = None  # the same of the address for notifications
        self.address_version = 0  # of the fact since which mails go to the address to which they go
        self.former: dict[int, Personal] = {}  # old addresses, by the versions of the changes

    @property
    def learner_id(self) -> str:
        """The id of the account, from the stream's id."""
        return self.id_of("learner_id")

    def register(self, email: str, language: str, time_zone: str, key: PersonalKey) -> None:
        """Open the account, to be verified; once more, the same person has asked again, which is said by mail."""
        if self.status is AccountStatus.ERASED:
            raise PersonErased(learner_id=self.learner_id)
        if self.exists:
            self._registration_repeated()
            return
        said = profiles.sealed_profile(key, self.version + 1, language, time_zone)
        self._registered(email=key.seal(self.version + 1, "email", email), **said)

    @event(Registered)
    def _registered(self, email: Personal, language: Personal, time_zone: Personal) -> None:
        self._registered_as(email, None, language, time_zone)

    def _registered_as(self, email: Personal, name: Personal | None, language: Personal, time_zone: Personal) -> None:
        self.status, self.email = AccountStatus.PENDING, email
        self.address_version = self.version + 1
        self.profile = profiles.begun_profile(name, language, time_zone)
        self.asked = self.version + 1

    @event(RegistrationRepeated)
    def _registration_repeated(self) -> None:
        self.asked = self.version + 1

    def lapse(self, asked: int) -> None:
        """Give up a registration that was not completed, if the fact of this version was the last to ask for it."""
        if self.status is AccountStatus.PENDING and self.asked == asked:
            self._registration_lapsed()

    @event(RegistrationLapsed)
    def _registration_lapsed(self) -> None:
        self._end()

    def invite(self, email: str, display_name: str, language: str, time_zone: str, key: PersonalKey) -> None:
        """The staff open the account, to be verified by the person; nothing if there is one."""
        if self.status is AccountStatus.ERASED:
            raise PersonErased(learner_id=self.learner_id)
        if self.exists:
            return
        said = profiles.sealed_profile(key, self.version + 1, language, time_zone, display_name)
        self._invited(email=key.seal(self.version + 1, "email", email), **said)

    @event(Invited)
    def _invited(self, email: Personal, display_name: Personal | None, language: Personal, time_zone: Personal) -> None:
        self._registered_as(email, display_name, language, time_zone)

    def provision(self, issuer: str, display_name: str, language: str, time_zone: str, key: PersonalKey) -> None:
        """Who was named by a provider of sign-ins opens the account, without an address; nothing if it is there."""
        if not self.exists:
            said = profiles.sealed_profile(key, self.version + 1, language, time_zone, display_name)
            self._provisioned(issuer=issuer, **said)

    @event(Provisioned)
    def _provisioned(self, issuer: str, display_name: Personal | None, language: Personal, time_zone: Personal) -> None:
        self.status = AccountStatus.ACTIVE
        self.profile = profiles.begun_profile(display_name, language, time_zone)

    def verify_email(self) -> None:
        """The person has read a mail that went to the address; a second time changes nothing."""
        self._must_exist()
        if self.status is AccountStatus.PENDING:
            self._email_verified()

    @event(EmailVerified)
    def _email_verified(self) -> None:
        self.status = AccountStatus.ACTIVE

    def change_profile(self, changes: Mapping[str, str], key: PersonalKey) -> None:
        """Change fields of the profile: one fact for each; an address for notifications has to answer first."""
        self._must_be_active()
        profiles.check_profile(changes)
        for field in profiles.PROFILE:
            old, new = key.open(self.profile.get(field)), changes.get(field)
            if new is None or new == old:
                continue
            version = self.version + 1
            if field == NOTIFICATION_ADDRESS and new not in ("", key.open(self.email)):
                self._notification_address_requested(address=key.seal(version, "address", new))
            else:
                sealed = None if old is None else key.seal(version, "old", old)
                self._profile_changed(field=field, old=sealed, new=key.seal(version, "new", new))

    @event(ProfileChanged)
    def _profile_changed(self, field: str, old: Personal | None, new: Personal) -> None:
        self.profile[field] = new
        if field == NOTIFICATION_ADDRESS:
            self.wanted_for_notices, self.address_version = None, self.version + 1

    @event(NotificationAddressRequested)
    def _notification_address_requested(self, address: Personal) -> None:
        self.wanted_for_notices = self.version + 1, address

    def verify_notification_address(self, requested: int, key: PersonalKey) -> None:
        """The address that the fact of this version asks for has answered; raises LinkRefused for an older one."""
        self._must_be_active()
        if self.wanted_for_notices is None or self.wanted_for_notices[0] != requested:
            raise LinkRefused
        before = self.profile.get(NOTIFICATION_ADDRESS)
        old, new = self._sealed(before, self.wanted_for_notices[1], key)
        self._profile_changed(field=NOTIFICATION_ADDRESS, old=None if before is None else old, new=new)

    def request_email_change(self, email: str, key: PersonalKey) -> None:
        """The person wants another address: it is asked by mail; the account keeps the one that it has until then."""
        self._must_be_active()
        self._email_change_requested(email=key.seal(self.version + 1, "email", email))

    @event(EmailChangeRequested)
    def _email_change_requested(self, email: Personal) -> None:
        self.wanted = self.version + 1, email

    def change_email(self, requested: int, key: PersonalKey) -> None:
        """The new address has answered the request of this version; raises LinkRefused for another than the latest."""
        self._must_be_active()
        if self.wanted is None or self.wanted[0] != requested:
            raise LinkRefused
        old, new = self._sealed(self.email, self.wanted[1], key)
        self._email_changed(old=old, new=new)

    def restore_email(self, changed: int, key: PersonalKey) -> None:
        """
        The old address says that the change of this version was not the person's: it is the address once more.

        Raises:
            LinkRefused: there is no such change, or it was taken back with one before it.
        """
        self._must_be_active()
        if changed not in self.former:
            raise LinkRefused
        old, new = self._sealed(self.email, self.former[changed], key)
        self._email_restored(changed=changed, old=old, new=new)

    def _sealed(self, old: Personal | None, new: Personal, key: PersonalKey) -> tuple[Personal, Personal]:
        """Two addresses, sealed for the next fact; raises PersonErased without the key."""
        version = self.version + 1
        return key.seal(version, "old", key.open(old) or ""), key.seal(version, "new", key.open(new) or "")

    @event(EmailChanged)
    def _email_changed(self, old: Personal, new: Personal) -> None:
        self.email, self.wanted, self.address_version = new, None, self.version + 1
        self.former[self.version + 1] = old

    @event(EmailRestored)
    def _email_restored(self, changed: int, old: Personal, new: Personal) -> None:
        self.email, self.wanted, self.address_version = new, None, self.version + 1
        self.former = {version: address for version, address in self.former.items() if version < changed}

    def consent(self, purpose: str, version: int) -> None:
        """Consent to a purpose in the words of this version; the same once more changes nothing."""
        self._must_exist()
        if (asked := PURPOSES.get(purpose)) is None:
            raise UnknownPurpose(purpose=purpose)
        if asked.version != version:
            raise OtherVersion(purpose=purpose, version=asked.version)
        if self.consents.get(purpose) != version:
            self._consent_given(purpose=purpose, version=version)

    @event(ConsentGiven)
    def _consent_given(self, purpose: str, version: int) -> None:
        self.consents[purpose] = version

    def withdraw_consent(self, purpose: str) -> None:
        """Take a consent back, whichever version it is to; nothing if there is none."""
        self._must_exist()
        if purpose in self.consents:
            self._consent_withdrawn(purpose=purpose, version=self.consents[purpose])
        elif purpose not in PURPOSES:
            raise UnknownPurpose(purpose=purpose)

    @event(ConsentWithdrawn)
    def _consent_withdrawn(self, purpose: str, version: int) -> None:
        self.consents.pop(purpose, None)

    @property
    def consented(self) -> tuple[str, ...]:
        """The purposes to which the person consents, in the words that are asked for now."""
        return tuple(name for name, asked in PURPOSES.items() if self.consents.get(name) == asked.version)

    def export_data(self, at: datetime) -> None:
        """The person exports what is held; a few times in a day, since it costs the campus something."""
        self._must_exist()
        recent = [each for each in self.exports if each > at - EXPORT_WINDOW]
        if len(recent) >= MOST_EXPORTS:
            after = math.ceil((min(recent) + EXPORT_WINDOW - at).total_seconds())
            raise TooManyExports(most=MOST_EXPORTS, retry_after=max(1, after))
        self._data_exported(at=at)

    @event(DataExported)
    def _data_exported(self, at: datetime) -> None:
        self.exports = [*self.exports[1 - MOST_EXPORTS :], at]

    def suspend(self, reason: str) -> None:
        """Let the person in no more: sessions and tokens end with the fact; a second time changes nothing."""
        self._must_exist()
        if self.status is not AccountStatus.SUSPENDED:
            self._must_be_active()
            self._suspended(reason=reason)

    @event(Suspended)
    def _suspended(self, reason: str) -> None:
        self.status = AccountStatus.SUSPENDED

    def reinstate(self, reason: str) -> None:
        """Let the person in again, who has to sign in; nothing if the account is in use."""
        self._must_exist()
        if self.status is AccountStatus.SUSPENDED:
            self._reinstated(reason=reason)
        self._must_be_active()

    @event(Reinstated)
    def _reinstated(self, reason: str) -> None:
        self.status = AccountStatus.ACTIVE

    def request_erasure(self, ground: ErasureGround = ErasureGround.OWN_WISH, *, is_known: bool = False) -> None:
        """
        The person is to be forgotten: the account ends at once, its key is destroyed after that.

        Args:
            is_known: whether the log has anything about a person without an account, who is forgotten as well.
        """
        if not self.exists and not is_known:
            raise AccountNotFound(learner_id=self.learner_id)
        if self.status is not AccountStatus.ERASED:
            self._erasure_requested(ground=ground.value)

    @event(ErasureRequested)
    def _erasure_requested(self, ground: str) -> None:
        self._end()

    def _end(self) -> None:
        self.status = AccountStatus.ERASED
        self.email = self.wanted = self.wanted_for_notices = None
        self.former, self.profile, self.consents = {}, {}, {}

    def note_key_destroyed(self) -> None:
        """The key is gone; nothing if erasure was not asked for, or this is known."""
        if self.status is AccountStatus.ERASED and not self.key_is_destroyed:
            self._key_destroyed()

    @event(KeyDestroyed)
    def _key_destroyed(self) -> None:
        self.key_is_destroyed = True

    def _must_be_active(self) -> None:
        self._must_exist()
        if self.status is not AccountStatus.ACTIVE:
            raise AccountNotActive(learner_id=self.learner_id)

    def _must_exist(self) -> None:
        if not self.exists:
            raise AccountNotFound(learner_id=self.learner_id)
        if self.status is AccountStatus.ERASED:
            raise PersonErased(learner_id=self.learner_id)
