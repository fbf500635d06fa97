"""What the fields of a profile, and an e-mail address, have to look like; and how an account stands."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from domain.deadlines import is_time_zone
from domain.personal import Personal, PersonalKey
from domain.user_errors import BadProfile

DISPLAY_NAME, LANGUAGE, TIME_ZONE = "display_name", "language", "time_zone"
NOTIFICATION_ADDRESS = "notification_address"
PROFILE = (DISPLAY_NAME, LANGUAGE, TIME_ZONE, NOTIFICATION_ADDRESS)
"""The fields of a profile. An empty `notification_address` stands for the address of the account."""

LONGEST_NAME, LONGEST_ADDRESS = 100, 254  # characters
NAME_PATTERN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z")  # nor what turns the direction of text
LANGUAGE_PATTERN = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}\Z")  # BCP 47
ADDRESS_PATTERN = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)


class AccountStatus(StrEnum):
    """How an account stands; `pending` until its address is verified, `suspended` while the staff let no one in."""

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


def check_profile(profile: Mapping[str, str]) -> None:
    """Refuse fields that are not what they should be; raises BadProfile for the first."""
    for field, value in profile.items():
        if (expected := expected_of(field, value)) is not None:
            raise BadProfile(field=field, expected=expected)


def sealed_profile(
    key: PersonalKey, version: int, language: str, time_zone: str, display_name: str | None = None
) -> dict[str, Any]:
    """
    Fields of a profile for the fact of this version, sealed.

    Args:
        display_name: None for a fact without one; empty where no name was given.

    Raises:
        BadProfile: a field is not what it should be.
    """
    said = {"language": language, "time_zone": time_zone}
    if display_name is not None:
        said["display_name"] = display_name
    check_profile({field: text for field, text in said.items() if text or field != "display_name"})
    return {field: key.seal(version, field, text) if text else None for field, text in said.items()}


def begun_profile(display_name: Personal | None, language: Personal, time_zone: Personal) -> dict[str, Personal]:
    """The sealed fields with which an account begins; the person gives a name later, if there is none yet."""
    named = {} if display_name is None else {"display_name": display_name}
    return {"language": language, "time_zone": time_zone, **named}


def expected_of(field: str, value: str) -> str | None:
    """What a field of a profile, or `email`, should be; None if the value is that."""
    match field:
        case "display_name":
            is_name = 0 < len(value) <= LONGEST_NAME and bool(unicodedata.normalize("NFKC", value).strip())
            fits = is_name and NAME_PATTERN.match(value) is not None
            return None if fits else f"a name of 1 to {LONGEST_NAME} characters, without line ends"
        case "language":
            return None if LANGUAGE_PATTERN.match(value) else "a language tag, such as en or pt-BR"
        case "time_zone":
            return None if is_time_zone(value) else "the name of a time zone, such as Europe/London"
        case "notification_address" if not value:
            return None
        case _:
            fits = len(value) <= LONGEST_ADDRESS and ADDRESS_PATTERN.match(value) is not None
            return None if fits else "an e-mail address, such as ada@example.org"
