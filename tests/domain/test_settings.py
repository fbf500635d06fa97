"""Settings that admins change: each with its values, and nothing else."""

import pytest

from domain.admin.settings import SETTINGS, CampusSettings, UnfitSetting, UnknownSetting
from tests.support.given import fact, given

CLOSED = fact(CampusSettings.Changed, name="registration", old="open", new="closed", reason="term")


def test_a_change_has_the_old_and_the_new_value() -> None:
    """The same value changes nothing; a setting that was never changed has its default."""
    given(CampusSettings).when(lambda it: it.change("registration", "closed", "term")).then(CLOSED)
    given(CampusSettings, CLOSED).when(lambda it: it.change("registration", "closed", "again")).then()
    given(CampusSettings).when(lambda it: it.change("registration", "open", "x")).then()
    given(CampusSettings).when(lambda it: it.value("campus_name")).then(answer="Campuslog")
    given(CampusSettings, CLOSED).when(lambda it: it.value("registration")).then(answer="closed")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("campus_name", value) for value in ("", " ", "x" * 101, "a\nb")),
        *(("support_address", value) for value in ("help", "a@b", "a b@example.org")),
        *((name, "maybe") for name in ("registration", "self_linking", "tickets", "reasons")),
    ],
)
def test_what_a_setting_cannot_be(name: str, value: str) -> None:
    """It is said what it has to be."""
    given(CampusSettings).when(lambda it: it.change(name, value, "x")).refused(
        UnfitSetting, name=name, expected=SETTINGS[name].expected
    )


def test_an_unknown_setting_is_refused() -> None:
    """With the names of those that there are."""
    given(CampusSettings).when(lambda it: it.change("colour", "red", "x")).refused(
        UnknownSetting, name="colour", names=", ".join(SETTINGS)
    )
    assert all(each.fits(each.default) for each in SETTINGS.values())
