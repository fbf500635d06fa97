"""
Accounts: who a person is, as that person says; personal data stand in these facts only, sealed (domain/personal.py).

The id of an account is the person's `learner_id` in every other context. It is drawn at random and says nothing.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.deadlines import is_time_zone
from domain.errors import Conflict, NotFound, Rejected
from domain.links import LinkRefused
from domain.personal import Personal, PersonalKey, PersonErased

DISPLAY_NAME, LANGUAGE, TIME_ZONE = "display_name", "language", "time_zone"
PROFILE = (DISPLAY_NAME, LANGUAGE, TIME_ZONE)
"""The fields of a profile."""


class AccountStatus(StrEnum):
    """How an account stands; `pending` until its e-mail address is verified."""

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"
    ERASED = "erased"


class AccountNotFound(NotFound):
    """No account has this id."""

    code = "account_not_found"
    template = "there is no account {learner_id}"


class AccountNotActive(Conflict):
    """The e-mail address of the account is not verified yet."""

    code = "account_not_active"
    template = "the e-mail address of account {learner_id} is not verified"


class AddressGivenUp(Conflict):
    """An account has another address since less than three days, and may take the change back."""

    code = "address_given_up"
    template = "another account had this address until lately, and may take it back within three days: try again then"


class BadTimeZone(Rejected):
    """The time zone of a profile is none."""

    code = "bad_profile"
    template = "{field} is no name of a time zone, such as Europe/London"


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

    class ErasureRequested(Aggregate.Event):
        TOPIC = "user.erasure_requested"

    class KeyDestroyed(Aggregate.Event):
        TOPIC = "user.key_destroyed"

    def initial_state(self) -> None:
        self.status = AccountStatus.NONE
        self.email: Personal | None = None
        self.profile: dict[str, Personal] = {}
        self.key_is_destroyed = False
        self.asked = 0  # version of the fact by which registration was asked for last
        self.wanted: tuple[int, Personal] | None = None  # version and address of a change that was asked for
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
        check_profile({LANGUAGE: language, TIME_ZONE: time_zone})
        version = self.version + 1
        self._registered(
            email=key.seal(version, "email", email),
            language=key.seal(version, LANGUAGE, language),
            time_zone=key.seal(version, TIME_ZONE, time_zone),
        )

    @event(Registered)
    def _registered(self, email: Personal, language: Personal, time_zone: Personal) -> None:
        self.status = AccountStatus.PENDING
        self.email = email
        self.profile = {LANGUAGE: language, TIME_ZONE: time_zone}
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

    def verify_email(self) -> None:
        """The person has read a mail that went to the address; a second time changes nothing."""
        self._must_exist()
        if self.status is AccountStatus.PENDING:
            self._email_verified()

    @event(EmailVerified)
    def _email_verified(self) -> None:
        self.status = AccountStatus.ACTIVE

    def change_profile(self, changes: Mapping[str, str], key: PersonalKey) -> None:
        """Change fields of the profile: one fact for each that becomes another."""
        self._must_be_active()
        check_profile(changes)
        for field in PROFILE:
            old, new = key.open(self.profile.get(field)), changes.get(field)
            if new is not None and new != old:
                version = self.version + 1
                sealed = None if old is None else key.seal(version, "old", old)
                self._profile_changed(field=field, old=sealed, new=key.seal(version, "new", new))

    @event(ProfileChanged)
    def _profile_changed(self, field: str, old: Personal | None, new: Personal) -> None:
        self.profile[field] = new

    def request_email_change(self, email: str, key: PersonalKey) -> None:
        """The person wants another address: it is asked by mail; the account keeps the one that it has until then."""
        self._must_be_active()
        self._email_change_requested(email=key.seal(self.version + 1, "email", email))

    @event(EmailChangeRequested)
    def _email_change_requested(self, email: Personal) -> None:
        self.wanted = self.version + 1, email

    def change_email(self, requested: int, key: PersonalKey) -> None:
        """
        The new address has answered, once.

        Args:
            requested: version of the fact by which the change was asked for; a later one takes its place.

        Raises:
            LinkRefused: it was not the latest, or was carried out.
        """
        self._must_be_active()
        if self.wanted is None or self.wanted[0] != requested:
            raise LinkRefused
        old, new = self._sealed(self.email, self.wanted[1], key)
        self._email_changed(old=old, new=new)

    def restore_email(self, changed: int, key: PersonalKey) -> None:
        """
        The old address says that the change was not the person's: it is the address of the account again.

        Args:
            changed: version of the fact of the change.

        Raises:
            LinkRefused: it is none, or was taken back with one before it.
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
        self.email = new
        self.wanted = None
        self.former[self.version + 1] = old

    @event(EmailRestored)
    def _email_restored(self, changed: int, old: Personal, new: Personal) -> None:
        self.email = new
        self.wanted = None
        self.former = {version: address for version, address in self.former.items() if version < changed}

    def request_erasure(self) -> None:
        """The person is to be forgotten: the account ends at once, its key is destroyed after that."""
        if not self.exists:
            raise AccountNotFound(learner_id=self.learner_id)
        if self.status is not AccountStatus.ERASED:
            self._erasure_requested()

    @event(ErasureRequested)
    def _erasure_requested(self) -> None:
        self._end()

    def _end(self) -> None:
        self.status = AccountStatus.ERASED
        self.email = self.wanted = None
        self.former, self.profile = {}, {}

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


def check_profile(profile: Mapping[str, str]) -> None:
    """Refuse what has a meaning and does not have it; the value is personal and stands in no error."""
    if TIME_ZONE in profile and not is_time_zone(profile[TIME_ZONE]):
        raise BadTimeZone(field=TIME_ZONE)
