"""Accounts: what a person may do with one, and what stays of it."""

from functools import partial
from typing import Any

import pytest

from domain.consents import PURPOSES
from domain.erasures import ErasureGround
from domain.links import LinkRefused
from domain.personal import PersonErased
from domain.profiles import PROFILE, expected_of
from domain.user import EXPORT_WINDOW, MOST_EXPORTS, User
from domain.user_errors import (
    AccountNotActive,
    AccountNotFound,
    BadProfile,
    OtherVersion,
    TooManyExports,
    UnknownPurpose,
)
from tests.support.given import AT, Said, fact, given, replay


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
ZONE = "the name of a time zone, such as Europe/London"
REGISTERED = fact(User.Registered, email="1.email.ann@x", language="1.language.en", time_zone="1.time_zone.UTC")
VERIFIED, REPEATED = fact(User.EmailVerified), fact(User.RegistrationRepeated)
NAMED = fact(User.ProfileChanged, field="display_name", old=None, new="3.new.Ann")
REQUESTED, DESTROYED = fact(User.ErasureRequested, ground="own_wish"), fact(User.KeyDestroyed)


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


def test_an_account_is_provisioned_once_and_has_no_address() -> None:
    """It is in use at once, with or without a name; an address comes as a change that is verified."""
    issuer = "https://sign-in.example"
    said = {"language": "1.language.en", "time_zone": "1.time_zone.UTC"}
    opened = fact(User.Provisioned, issuer=issuer, display_name="1.display_name.Ann", **said)
    given(User).when(lambda user: user.provision(issuer, "Ann", "en", "UTC", KEY)).then(opened)
    given(User, opened).when(lambda user: user.provision(issuer, "Ann", "en", "UTC", KEY)).then()
    nameless = fact(User.Provisioned, issuer=issuer, display_name=None, **said)
    given(User).when(lambda user: user.provision(issuer, "", "en", "UTC", KEY)).then(nameless)
    given(User, REGISTERED).when(lambda user: user.provision(issuer, "", "en", "UTC", KEY)).then()
    wanted = fact(User.EmailChangeRequested, email="2.email.ann@x")
    given(User, opened).when(lambda user: user.request_email_change("ann@x", KEY)).then(wanted)
    given(User, opened, wanted).when(lambda user: user.change_email(2, KEY)).then(
        fact(User.EmailChanged, old="3.old.", new="3.new.ann@x")
    )


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


def test_an_address_for_notifications_answers_first() -> None:
    """Once, the latest that was asked for; none, and that of the account, need no answer."""

    def asked(version: int, address: str) -> Said:
        return fact(User.NotificationAddressRequested, address=f"{version}.address.{address}")

    active = (REGISTERED, VERIFIED)
    became = partial(fact, User.ProfileChanged, field="notification_address")
    given(User, *active).when(lambda user: changed(user, notification_address="p@example.org")).then(
        asked(3, "p@example.org")
    )
    verify = partial(User.verify_notification_address, key=KEY)
    given(User, *active, asked(3, "p@x"), asked(4, "q@x")).when(lambda user: verify(user, 3)).refused(
        LinkRefused, why="used"
    )
    first = became(old=None, new="5.new.q@x")
    given(User, *active, asked(3, "p@x"), asked(4, "q@x")).when(lambda user: verify(user, 4)).then(first)
    given(User, *active, asked(3, "p@x"), asked(4, "q@x"), first).when(lambda user: verify(user, 4)).refused(
        LinkRefused, why="used"
    )
    given(User, *active, asked(3, "p@x"), asked(4, "q@x"), first).when(
        lambda user: changed(user, notification_address="")
    ).then(became(old="6.old.q@x", new="6.new."))


def test_what_is_refused() -> None:
    """A profile belongs to an account that is verified, and a time zone is one; no error has the value."""
    given(User, REGISTERED).when(lambda user: changed(user, display_name="Ann")).refused(
        AccountNotActive, learner_id="ann"
    )
    given(User).when(lambda user: changed(user, display_name="Ann")).refused(AccountNotFound, learner_id="ann")
    given(User).when(User.verify_email).refused(AccountNotFound, learner_id="ann")
    given(User).when(User.request_erasure).refused(AccountNotFound, learner_id="ann")
    given(User, REGISTERED, VERIFIED).when(lambda user: changed(user, time_zone="Mars/Base")).refused(
        BadProfile, field="time_zone", expected=ZONE
    )
    given(User).when(lambda user: user.register("ann@x", "en", "Mars", KEY)).refused(
        BadProfile, field="time_zone", expected=ZONE
    )


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


def test_a_person_without_an_account_is_erased_too() -> None:
    """If the log has anything about that person; the ground stays, and no account can follow."""
    asked = fact(User.ErasureRequested, ground="asked")
    ask = partial(User.request_erasure, ground=ErasureGround.ASKED, is_known=True)
    given(User).when(ask).then(asked)
    given(User, asked).when(ask).then()
    given(User, asked).when(User.note_key_destroyed).then(DESTROYED)
    given(User, asked).when(lambda user: user.register("ann@x", "en", "UTC", KEY)).refused(
        PersonErased, learner_id="ann"
    )


def asked_for(version: int, email: str) -> Any:
    """The fact that asks for an address."""
    return fact(User.EmailChangeRequested, email=f"{version}.email.{email}")


def became(version: int, old: str, new: str) -> Any:
    """The fact of a change of the address."""
    return fact(User.EmailChanged, old=f"{version}.old.{old}", new=f"{version}.new.{new}")


def test_a_registration_lapses_unless_it_was_completed_or_asked_for_since() -> None:
    """The account ends as by an erasure; each fact that asks has its own time."""
    lapsed = fact(User.RegistrationLapsed)
    given(User, REGISTERED).when(lambda user: user.lapse(1)).then(lapsed)
    given(User, REGISTERED, REPEATED).when(lambda user: user.lapse(1)).then()
    given(User, REGISTERED, REPEATED).when(lambda user: user.lapse(2)).then(lapsed)
    given(User, REGISTERED, VERIFIED).when(lambda user: user.lapse(1)).then()
    given(User, REGISTERED, lapsed).when(lambda user: user.lapse(1)).then()
    given(User, REGISTERED, lapsed).when(User.note_key_destroyed).then(DESTROYED)
    given(User, REGISTERED, lapsed).when(User.verify_email).refused(PersonErased, learner_id="ann")


def test_an_address_is_changed_by_the_latest_wish_once() -> None:
    """The account keeps its address until the new one has answered."""
    active = (REGISTERED, VERIFIED)
    given(User, *active).when(lambda user: user.request_email_change("ann@y", KEY)).then(asked_for(3, "ann@y"))
    given(User, REGISTERED).when(lambda user: user.request_email_change("ann@y", KEY)).refused(
        AccountNotActive, learner_id="ann"
    )
    wishes = (*active, asked_for(3, "ann@y"), asked_for(4, "ann@z"))
    given(User, *wishes).when(lambda user: user.change_email(3, KEY)).refused(LinkRefused, why="used")
    given(User, *wishes).when(lambda user: user.change_email(4, KEY)).then(became(5, "ann@x", "ann@z"))
    given(User, *wishes, became(5, "ann@x", "ann@z")).when(lambda user: user.change_email(4, KEY)).refused(
        LinkRefused, why="used"
    )


def test_a_change_of_the_address_is_taken_back_with_all_that_followed() -> None:
    """Who has taken an account over changes it twice: the first address still gets it back, the second one does not."""
    stolen = (
        *(REGISTERED, VERIFIED, asked_for(3, "eve@y"), became(4, "ann@x", "eve@y")),
        *(asked_for(5, "eve@z"), became(6, "eve@y", "eve@z")),
    )
    restored = fact(User.EmailRestored, changed=4, old="7.old.eve@z", new="7.new.ann@x")
    given(User, *stolen).when(lambda user: user.restore_email(4, KEY)).then(restored)
    for changed in (4, 6, 5, 0):
        given(User, *stolen, restored).when(partial(User.restore_email, changed=changed, key=KEY)).refused(
            LinkRefused, why="used"
        )
    partly = fact(User.EmailRestored, changed=6, old="7.old.eve@z", new="7.new.eve@y")
    given(User, *stolen, partly).when(lambda user: user.restore_email(4, KEY)).then(
        fact(User.EmailRestored, changed=4, old="8.old.eve@y", new="8.new.ann@x")
    )


def test_facts_fold_without_the_key() -> None:
    """The state needs no key; only who wants to read needs one."""
    user = given(User, REGISTERED, VERIFIED, NAMED)._aggregate
    assert NoKey().open(user.email) is None
    assert user.profile["display_name"] == "3.new.Ann"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            "display_name",
            ["Ada", "王芳", "Åsa-Brit O'Hara", "नेहा", "x" * 100],
            ["", " ", "a\nb", "a\u202eb", "x" * 101],
        ),
        ("language", ["en", "pt-BR", "zh-Hant-TW"], ["", "English", "e", "en_GB", "en\n"]),
        ("time_zone", ["UTC", "Europe/London"], ["", "Mars/Base", "../UTC"]),
        ("notification_address", ["", "ada@example.org"], ["ada", "ada@", "a b@example.org", "ada@example.org\n"]),
        (
            "email",
            ["ada@example.org", "ada+x@xn--bcher-kva.example"],
            ["", "ada@b", "<ada@example.org>", "a" * 250 + "@b.cd"],
        ),
    ],
)
def test_what_a_profile_takes(field: str, good: list[str], bad: list[str]) -> None:
    """A name in any script; addresses that no mail system reads as two, or as more than an address."""
    assert [expected_of(field, each) for each in good] == [None] * len(good)
    assert all(expected_of(field, each) for each in bad)
    assert {"display_name", "language", "time_zone", "notification_address"} == {*PROFILE}


INVITED = fact(
    User.Invited, email="1.email.ann@x", display_name=None, language="1.language.en", time_zone="1.time_zone.UTC"
)


def test_an_invitation_opens_an_account_once() -> None:
    """The person verifies it; who has an account, however it came, is not invited."""
    given(User).when(lambda user: user.invite("ann@x", "", "en", "UTC", KEY)).then(INVITED)
    for past in ((INVITED,), (INVITED, VERIFIED), (REGISTERED,)):
        given(User, *past).when(lambda user: user.invite("ann@x", "Ann", "de", "UTC", KEY)).then()
    given(User, INVITED).when(User.verify_email).then(VERIFIED)
    given(User, INVITED).when(lambda user: user.register("ann@x", "de", "UTC", KEY)).then(REPEATED)
    named = fact(
        User.Invited,
        email="1.email.ann@x",
        display_name="1.display_name.Ann",
        language="1.language.en",
        time_zone="1.time_zone.UTC",
    )
    given(User).when(lambda user: user.invite("ann@x", "Ann", "en", "UTC", KEY)).then(named)
    given(User, REGISTERED, REQUESTED).when(lambda user: user.invite("ann@x", "", "en", "UTC", KEY)).refused(
        PersonErased, learner_id="ann"
    )


GIVEN, WITHDRAWN = (fact(each, purpose="research", version=1) for each in (User.ConsentGiven, User.ConsentWithdrawn))


def test_a_consent_is_to_a_purpose_in_the_words_of_now() -> None:
    """Given and taken back once each; to other words it is none; it ends with the account."""
    assert PURPOSES["research"].version == 1
    given(User, REGISTERED).when(lambda user: user.consent("research", 1)).then(GIVEN)
    given(User, REGISTERED, GIVEN).when(lambda user: user.consent("research", 1)).then()
    given(User, REGISTERED, GIVEN).when(lambda user: user.withdraw_consent("research")).then(WITHDRAWN)
    given(User, REGISTERED, GIVEN, WITHDRAWN).when(lambda user: user.withdraw_consent("research")).then()
    given(User, REGISTERED, GIVEN, WITHDRAWN).when(lambda user: user.consent("research", 1)).then(GIVEN)
    given(User, REGISTERED).when(lambda user: user.consent("research", 2)).refused(
        OtherVersion, purpose="research", version=1
    )
    for act in (lambda user: user.consent("fame", 1), lambda user: user.withdraw_consent("fame")):
        given(User, REGISTERED).when(act).refused(UnknownPurpose, purpose="fame")


def test_a_consent_to_earlier_words_is_asked_for_again() -> None:
    """It can be taken back, and lets no one do anything."""
    earlier = fact(User.ConsentGiven, purpose="research", version=0)
    for past in ((), (earlier,), (GIVEN, WITHDRAWN), (GIVEN, REQUESTED)):
        assert replay(User, "user-ann", [REGISTERED, *past]).consented == ()
    assert replay(User, "user-ann", [REGISTERED, GIVEN]).consented == ("research",)
    given(User, REGISTERED, earlier).when(lambda user: user.consent("research", 1)).then(GIVEN)
    given(User, REGISTERED, earlier).when(lambda user: user.withdraw_consent("research")).then(
        fact(User.ConsentWithdrawn, purpose="research", version=0)
    )


def test_a_person_exports_a_few_times_in_a_day() -> None:
    """Each time is recorded; one more has to wait until the first of them is a day ago."""
    exports = [fact(User.DataExported, at=AT + number * EXPORT_WINDOW / 100) for number in range(MOST_EXPORTS)]
    given(User, REGISTERED, *exports[:-1]).when(lambda user: user.export_data(AT)).then(fact(User.DataExported, at=AT))
    soon, later = AT + EXPORT_WINDOW / 2, AT + EXPORT_WINDOW
    given(User, REGISTERED, *exports).when(lambda user: user.export_data(soon)).refused(
        TooManyExports, most=MOST_EXPORTS, retry_after=43_200
    )
    given(User, REGISTERED, *exports).when(lambda user: user.export_data(later)).then(fact(User.DataExported, at=later))
    given(User).when(lambda user: user.export_data(AT)).refused(AccountNotFound, learner_id="ann")


def test_an_account_is_suspended_and_reinstated() -> None:
    """Twice changes nothing; who is suspended changes nothing of the account, and can be erased."""
    suspended, reinstated = fact(User.Suspended, reason="spam"), fact(User.Reinstated, reason="was a mistake")
    past = (REGISTERED, VERIFIED)
    given(User, *past).when(lambda user: user.suspend("spam")).then(suspended)
    given(User, *past, suspended).when(lambda user: user.suspend("again")).then()
    given(User, *past, suspended).when(lambda user: user.reinstate("was a mistake")).then(reinstated)
    given(User, *past, suspended, reinstated).when(lambda user: user.reinstate("again")).then()
    given(User, *past, suspended).when(lambda user: changed(user, display_name="Ann")).refused(
        AccountNotActive, learner_id="ann"
    )
    given(User, *past, suspended).when(lambda user: user.request_erasure()).then(REQUESTED)
    given(User, REGISTERED).when(lambda user: user.suspend("spam")).refused(AccountNotActive, learner_id="ann")
    given(User, *past, REQUESTED).when(lambda user: user.reinstate("x")).refused(PersonErased, learner_id="ann")
    given(User).when(lambda user: user.suspend("spam")).refused(AccountNotFound, learner_id="ann")
