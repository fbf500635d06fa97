"""
Five people to try a development campus with: a learner, an instructor, an auditor, an analyst and an admin.

Their password and the secret of their apps are written down here for all to read. So they sign in only where
`dev_login` is set, which no process takes that other machines reach: `AccountAccess.open` refuses them elsewhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.auth import totp
from domain.errors import NotFound
from domain.roles import Role

PASSWORD = "blue-lanterns-at-noon"  # noqa: S105 - printed for all who try a campus out
APP_SECRET = "CAMPUSLOGSAMPLEPEOPLEONLYFORDEVS"  # noqa: S105 - as well; base32


class SamplePerson(NamedTuple):
    """
    One of the five.

    Attributes:
        role: what was granted, `learner` for nothing; all others give a second factor, too.
    """

    role: str
    email: str
    name: str

    @property
    def learner_id(self) -> str:
        """The id of the account."""
        return f"sample-{self.role}"

    @property
    def is_staff(self) -> bool:
        """Whether the person has a second factor."""
        return self.role != LEARNER


class SampleSignInOff(NotFound):
    """The sample people sign in on development campuses only."""

    code = "no_sample_people"
    template = "the sample people sign in where CAMPUS_DEV_LOGIN is set only, and it is not here"


LEARNER = "learner"
_PEOPLE = (
    SamplePerson(LEARNER, "ada.learner@campus.example", "Ada Lindqvist"),
    SamplePerson(Role.INSTRUCTOR.value, "ines.instructor@campus.example", "Inés Marchetti"),
    SamplePerson(Role.AUDITOR.value, "omar.auditor@campus.example", "Omar Haddad"),
    SamplePerson(Role.ANALYST.value, "mei.analyst@campus.example", "Mei Tanaka"),
    SamplePerson(Role.ADMIN.value, "kofi.admin@campus.example", "Kofi Mensah"),
)
SAMPLE_PEOPLE: Mapping[str, SamplePerson] = {person.role: person for person in _PEOPLE}
"""By role."""

IDS = frozenset(person.learner_id for person in SAMPLE_PEOPLE.values())


def code_at(now: datetime) -> tuple[str, int]:
    """What the apps of the sample staff show at a time, and for how many seconds more."""
    return totp.code_at(APP_SECRET, now)
