"""Accounts: what a person may do with one, and what stays of it."""

from typing import Any

import pytest

from domain.personal import PersonErased
from domain.user import AccountNotActive, AccountNotFound, BadTimeZone, User
from tests.support.given import fact, given


class Key:
    """A key that shows where it seals."""

    def seal(self, version: int, field: str, text: str) -> str:
        return f"{version}.{field}.{text}"

    def open(self, sealed: str | None) -> str | None:
        return None if sealed is None else sealed.rpartition(".")[2]


class NoKey(Key):
    """One that is destroyed."""

    def open(self, sealed: str | None) -> str | None:  # noqa: ARG002 - it opens nothing
        return None


KEY = Key()
REGISTERED = fact(User.Registered, email="1.email.ann@x", language="1.language.en", time_zone="1.time_zone.UTC")
VERIFIED, REPEATED = fact(User.EmailVerified), fact(User.RegistrationRepeated)
NAMED = fact(User.ProfileChanged, field="display_name", old=None, new="3.new.Ann")
REQUESTED, DESTROYED = fact(User.ErasureRequested), fact(User.KeyDestroyed)


def changed(user: User, **changes: str) -> None:
    """The person changes the profile."""
    user.change_profile(changes, KEY)


def test_an_account_is_registered_and_verified_once() -> None:
    """A person who asks again, verified or not, gets a mail about it; a second click changes nothing."""
    given(User).when(lambda user: user.register("ann@x", "en", "UTC", KEY)).then(REGISTERED)
    for past in ((REGISTERED,), (REGISTERED, VERIFIED)):
        given(User, *past).when(lambda user: user.register("ann@x", "de", "UTC", KEY)).then(REPEATED)
    given(User, REGISTERED).when(User.verify_email).then(VERIFIED)
    given(User, REGISTERED, VERIFIED).when(User.verify_email).then()


def test_a_change_has_the_old_and_the_new_value_sealed_for_its_own_place() -> None:
    """One fact for each field that becomes another."""
    given(User, REGISTERED, VERIFIED).when(lambda user: changed(user, display_name="Ann")).then(NAMED)
    given(User, REGISTERED, VERIFIED, NAMED).when(lambda user: changed(user, display_name="Ann", language="en")).then()
    given(User, REGISTERED, VERIFIED, NAMED).when(
        lambda user: changed(user, language="de", display_name="Anna", time_zone="UTC")
    ).then(
        fact(User.ProfileChanged, field="display_name", old="4.old.Ann", new="4.new.Anna"),
        fact(User.ProfileChanged, field="language", old="5.old.en", new="5.new.de"),
    )


def test_what_is_refused() -> None:
    """A profile belongs to an account that is verified, and a time zone is one; no error has the value."""
    given(User, REGISTERED).when(lambda user: changed(user, display_name="Ann")).refused(
        AccountNotActive, learner_id="ann"
    )
    given(User).when(lambda user: changed(user, display_name="Ann")).refused(AccountNotFound, learner_id="ann")
    given(User).when(User.verify_email).refused(AccountNotFound, learner_id="ann")
    given(User).when(User.request_erasure).refused(AccountNotFound, learner_id="ann")
    given(User, REGISTERED, VERIFIED).when(lambda user: changed(user, time_zone="Mars/Base")).refused(
        BadTimeZone, field="time_zone"
    )
    given(User).when(lambda user: user.register("ann@x", "en", "Mars", KEY)).refused(BadTimeZone, field="time_zone")


@pytest.mark.parametrize("past", [(REGISTERED,), (REGISTERED, VERIFIED, NAMED)])
def test_erasure_ends_the_account_at_once(past: tuple[Any, ...]) -> None:
    """Each step is recorded once, in this order, and nothing can follow."""
    given(User, *past).when(User.request_erasure).then(REQUESTED)
    given(User, *past, REQUESTED).when(User.request_erasure).then()
    given(User, *past, REQUESTED).when(User.note_key_destroyed).then(DESTROYED)
    given(User, *past, REQUESTED, DESTROYED).when(User.note_key_destroyed).then()
    given(User, *past).when(User.note_key_destroyed).then()
    for act in (User.verify_email, lambda user: changed(user, display_name="Ann")):
        given(User, *past, REQUESTED).when(act).refused(PersonErased, learner_id="ann")
    given(User, *past, REQUESTED, DESTROYED).when(lambda user: user.register("ann@x", "en", "UTC", KEY)).refused(
        PersonErased, learner_id="ann"
    )


def test_facts_fold_without_the_key() -> None:
    """The state needs no key; only who wants to read needs one."""
    user = given(User, REGISTERED, VERIFIED, NAMED)._aggregate
    assert NoKey().open(user.email) is None
    assert user.profile["display_name"] == "3.new.Ann"
