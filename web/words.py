"""
Languages of the pages: what the templates say in English is looked up in the files of `locale/LANGUAGE/`.

Another language is another folder; `python -m scripts.words` prints what one does not have yet. Numbers, dates and
money are written by Babel, by the rules of the CLDR. The language is what the person has chosen (a cookie), or the best
of what the browser wants; the zone is that of the person.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

ENGLISH = "en"
ANY = "*"
"""Stands for every sentence that the API says with a code (problems.py)."""
FOLDER = Path(__file__).parent / "locale"
UTC_ZONE = ZoneInfo("UTC")
NOTHING = "\N{EN DASH}"
"""What stands for a value that there is not."""

KEPT = 20_000  # texts of each kind that a process keeps as it has written them
RELATIVE = timedelta(days=7)  # how far a moment is from now to be written as a distance
Singular, Plural = Callable[[str], str], Callable[[str, str, int], str]


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return (ENGLISH, *sorted(each.name for each in FOLDER.iterdir() if each.is_dir()))


def language_of(chosen: str, accepted: str) -> str:
    """The language for who has chosen one (or none: empty) and whose browser accepts these (`Accept-Language`)."""
    return chosen if chosen in languages() else _best_of(accepted)


@lru_cache(1_000)
def _best_of(accepted: str) -> str:
    wanted = [each.partition(";")[0].strip() for each in accepted.split(",")][:20]
    return negotiate_locale(wanted, languages(), sep="-") or ENGLISH


@cache
def locale_of(language: str) -> Locale:
    """A language with its rules."""
    return Locale.parse(language, sep="-")


@cache
def language_name(language: str) -> str:
    """A language as those who speak it call it."""
    return str(locale_of(language).get_display_name()).capitalize()


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of the IANA database with this name, or UTC."""
    try:
        return ZoneInfo(name) if name else UTC_ZONE
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC_ZONE


@lru_cache(KEPT)
def _percent(basis_points: int, language: str) -> str:
    rounded = Decimal(basis_points) / 10_000
    return str(format_percent(rounded, locale=locale_of(language), decimal_quantization=False))


@lru_cache(KEPT)
def _number(value: float, language: str) -> str:
    return format_decimal(value, locale=locale_of(language))


@lru_cache(KEPT)
def _exact(moment: datetime, zone: ZoneInfo, language: str) -> str:
    return format_datetime(moment.astimezone(zone), "long", locale=locale_of(language))


@lru_cache(KEPT)
def _date(moment: datetime, zone: ZoneInfo, language: str) -> str:
    return format_date(moment.astimezone(zone), "medium", locale=locale_of(language))


@lru_cache(KEPT)
def _weekday(day: date, language: str) -> str:
    return format_skeleton("MMMMEEEEd", day, locale=locale_of(language))


@lru_cache(KEPT)
def _month(text: str, language: str) -> str:
    return format_skeleton("yMMMM", date.fromisoformat(f"{text}-01"), locale=locale_of(language))


@lru_cache(KEPT)
def _span(seconds: float, language: str) -> str:
    return format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=locale_of(language))


@lru_cache(KEPT)
def _money(minor: int, currency: str, language: str) -> str:
    digits = get_currency_precision(currency)
    return format_currency(Decimal(minor).scaleb(-digits), currency, locale=locale_of(language))


@lru_cache(KEPT)
def _distance(seconds: int, language: str) -> str:
    return format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=locale_of(language))


class Sentences:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self._singular: dict[str, str] = {}
        self._plural: dict[str, tuple[str, ...]] = {}
        self._of_problem: dict[str, list[tuple[str, str]]] = {}
        self._form: Callable[[int], int] = lambda count: int(count != 1)
        if language != ENGLISH:
            plural = locale_of(language).plural_form
            tags = sorted(plural.tags | {"other"}, key=("zero", "one", "two", "few", "many", "other").index)
            self._form = lambda count: tags.index(plural(count))
            for file in sorted((FOLDER / language).glob("*.po")):
                self._read(file)
            for found in self._of_problem.values():
                found.sort(key=lambda each: (each[0] == ANY, -each[0].count("{")))

    def _read(self, file: Path) -> None:
        with file.open("rb") as content:
            found = read_po(content)
        for each in found:
            said = each.string
            if each.context:
                self._of_problem.setdefault(each.context, []).append((str(each.id), str(said)))
            elif isinstance(each.id, tuple) and isinstance(said, tuple) and all(said):
                self._plural[each.id[0]] = said
            elif isinstance(each.id, str) and isinstance(said, str) and said and not each.fuzzy:
                self._singular[each.id] = said

    def of_problem(self, code: str) -> list[tuple[str, str]]:
        """What the API says with a code, in English, and in this language: what has more facts stands first."""
        return self._of_problem.get(code, [])

    def gettext(self, text: str) -> str:
        """The sentence in this language."""
        return self._singular.get(text, text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The sentence for a number of things."""
        forms = self._plural.get(one, (one, many))
        return forms[min(self._form(count), len(forms) - 1)]


@cache
def sentences(language: str) -> Sentences:
    """The sentences of a language, read once."""
    return Sentences(language)


class Reader(NamedTuple):
    """
    Who reads a page: in which language and zone things are written.

    Attributes:
        now: by the clock of the campus.
    """

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def locale(self) -> Locale:
        """The language with its rules."""
        return locale_of(self.language)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def local(self, moment: datetime | str) -> datetime:
        """A moment, from the API as RFC 3339 text, in the zone of the reader."""
        found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return found.astimezone(self.zone)

    def exact(self, moment: datetime | str) -> str:
        """Day and time, with the zone: what stands beside a distance."""
        return _exact(self.local(moment), self.zone, self.language)

    def date(self, moment: datetime | str) -> str:
        """The day."""
        return _date(self.local(moment), self.zone, self.language)

    def weekday(self, moment: datetime | str) -> str:
        """The day with its name, without the year."""
        return _weekday(self.local(moment).date(), self.language)

    def month(self, text: str) -> str:
        """A month with its name, by what the API calls it: `2026-10`."""
        return _month(text, self.language)

    def distance(self, moment: datetime | str) -> str:
        """How far from now, such as `in 3 days`; the day if that is more than a week."""
        local = self.local(moment)
        away = local - self.now
        if abs(away) > RELATIVE:
            return self.date(local)
        return _distance(int(away.total_seconds()), self.language)

    def span(self, seconds: float) -> str:
        """A length of time, such as `45 minutes`."""
        return _span(seconds, self.language)

    def number(self, value: float) -> str:
        """A number."""
        return _number(value, self.language)

    def percent(self, basis_points: int | None) -> str:
        """Basis points as percent; a dash for what there is not."""
        if basis_points is None:
            return NOTHING
        return _percent(basis_points, self.language)

    def money(self, minor: int, currency: str) -> str:
        """An amount in the smallest unit of its currency."""
        return _money(minor, currency, self.language)


def reader_of(*, chosen: str, accepted: str, zone: str, now: datetime) -> Reader:
    """Who reads, by what the browser says."""
    return Reader(language_of(chosen, accepted), zone_of(zone), now.astimezone(UTC))
