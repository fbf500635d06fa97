"""
What the forms of authors have in common: fields as numbers, percent and times, and what is wrong beside each of them.

A refusal of the API names its places (`body.edits.0.change_unit.unit.title`): the last parts of one are the name of the
field, with dashes between them. A sentence about no field stands above the form.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from web.client import Problem, on_the_form
from web.page import Page
from web.problems import defect
from web.words import zone_of

NO_ID = re.compile(r"[^A-Za-z0-9]+")
LONGEST_ID = 64
MORE_ROWS = 3  # that a button adds
MOST_FIELDS, LARGEST_TEXT = 5_000, 1_048_576
PARTS_OF_PLACE = re.compile(r"^(body|edits|\d+|unit|policy|rules)$")


class Form:
    """
    The fields of a form, and what is wrong with them.

    Attributes:
        errors: a sentence by the name of its field.
        problem: of the API; None if there is none.
    """

    def __init__(self, page: Page, fields: Mapping[str, str]) -> None:
        self.page, self.fields = page, fields
        self.errors: dict[str, str] = {}
        self.problem: Problem | None = None

    def __getitem__(self, name: str) -> str:
        """What a field says; empty for one that is not there."""
        return self.fields.get(name, "")

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors and self.problem is None

    @property
    def status(self) -> int:
        """The status of the page that shows the form again."""
        return self.problem.status if self.problem is not None else 422 if self.errors else 200

    def whole(self, name: str, low: int = 0, high: int = 10**9) -> int | None:
        """A whole number; None for an empty field."""
        text = self[name]
        if not text:
            return None
        if text.lstrip("-").isdecimal() and text.isascii() and low <= int(text[:12]) <= high:
            return int(text)
        self.errors[name] = self.page.say("A whole number from %(low)s to %(high)s", low=low, high=high)
        return None

    def percent(self, name: str, most: int = 100) -> int | None:
        """Percent as typed, in basis points; None for an empty field."""
        text = self[name].replace(",", ".").removesuffix("%").strip()
        if not text:
            return None
        try:
            found = Decimal(text) * 100
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and 0 <= found <= most * 100 and found == int(found):
            return int(found)
        self.errors[name] = self.page.say("A number from 0 to %(most)s, such as 62.5", most=most)
        return None

    def moment(self, name: str, zone: str) -> str | None:
        """A time as typed, by the clocks of a zone, as RFC 3339; None for an empty field."""
        text = self[name]
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            self.errors[name] = self.page.say("A day and a time, such as 2027-02-01T09:00")
            return None
        return (local if local.tzinfo else local.replace(tzinfo=zone_of(zone))).isoformat()

    def refused(self, problem: Problem, names: Mapping[str, str] | None = None) -> None:
        """
        Note a refusal: what it says of fields beside these, and else as a whole.

        Args:
            names: parts of sentences of the API, in English, and the field that each is about.
        """
        self.problem = on_the_form(problem)
        for each in problem.facts.get("errors", ()):
            parts = [part for part in each["at"].split(".") if not PARTS_OF_PLACE.match(part)]
            said = defect(each["problem"], self.page.reader)
            self.errors.setdefault("-".join(parts[-2:]), said)
            self.errors.setdefault("-".join(parts[-1:]), said)
        for words, name in (names or {}).items():
            if words in problem.facts.get("detail", ""):
                self.errors.setdefault(name, problem.sentence)


def id_of(title: str, taken: Sequence[str] = (), otherwise: str = "x") -> str:
    """An id that can be read, from a title, which none of those has."""
    found = NO_ID.sub("-", title.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss"))
    name = found.strip("-")[:48].strip("-") or otherwise
    number, there = 1, set(taken)
    while (name if number == 1 else f"{name}-{number}") in there:
        number += 1
    return name if number == 1 else f"{name}-{number}"


def as_percent(basis_points: int | None) -> str:
    """Basis points as a form has them; empty for none."""
    return "" if basis_points is None else f"{(Decimal(basis_points) / 100).normalize():f}"


def as_local(moment: str | None, zone: str) -> str:
    """A moment as `datetime-local` has it, by the clocks of a zone."""
    return "" if not moment else datetime.fromisoformat(moment).astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


def tomorrow(now: datetime, days: int, zone: ZoneInfo) -> str:
    """Some days after now, at nine."""
    return (now.astimezone(zone) + timedelta(days=days)).strftime("%Y-%m-%dT09:00")


def rows_of(fields: Mapping[str, str], prefix: str, most: int = 500) -> list[int]:
    """The numbers of the rows that a form has, by fields such as `prefix-3-title`."""
    pattern = re.compile(rf"{re.escape(prefix)}-(\d{{1,4}})-")
    return sorted({int(found[1]) for name in fields if (found := pattern.match(name))})[:most]


def rows_shown(form: Form, begins_with: Mapping[str, int]) -> dict[str, list[int]]:
    """
    The rows that a form shows: those with something, and empty ones at the end.

    Args:
        begins_with: by the name of the rows, how many empty ones there are where none has anything; three more where
            the button `more:NAME` was pressed.
    """
    rows = {}
    for name, empty in begins_with.items():
        there = rows_of(form.fields, name)
        first = there[-1] + 1 if there else 0
        more = MORE_ROWS if form["do"] == f"more:{name}" else 0 if there else empty
        rows[name] = [*there, *range(first, first + more)]
    return rows


def late_of(form: Form, prefix: str = "late") -> dict[str, Any] | None:
    """A late policy from its three fields; None for what the run says."""
    rule = form[f"{prefix}-rule"]
    if not rule:
        return None
    late: dict[str, Any] = {"rule": rule}
    if rule == "percent_a_day":
        late["off_bp"] = form.percent(f"{prefix}-off_bp")
        if late["off_bp"] is None:
            form.errors.setdefault(f"{prefix}-off_bp", form.page.say("How much is taken off for each day"))
    if rule in ("percent_a_day", "until"):
        late["days"] = form.whole(f"{prefix}-days", 1, 1_000)
        if rule == "until" and late["days"] is None:
            form.errors.setdefault(f"{prefix}-days", form.page.say("For how many days late work is taken"))
    return late


def late_fields(late: Mapping[str, Any] | None, prefix: str = "late") -> dict[str, str]:
    """The three fields of a late policy."""
    late = late or {}
    return {
        f"{prefix}-rule": late.get("rule", ""),
        f"{prefix}-off_bp": as_percent(late.get("off_bp")),
        f"{prefix}-days": str(late.get("days") or ""),
    }
