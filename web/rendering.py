"""
How pages are drawn: the templates, and what they can say beside their values.

`_` and `ngettext` look sentences up, and so does `{% trans %}`. Filters: `when` (a distance, the exact time on hover),
`exact`, `day`, `span`, `number`, `percent`, `money`. There is no inline script and no inline style: the policy of a
page (`Content-Security-Policy`) forbids both.
"""

from base64 import b64encode
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context
from markupsafe import Markup, escape

from web import charts
from web.assets import assets
from web.kept_parts import QuickEnvironment, keep_parts
from web.phrases import phrase
from web.words import NOTHING, Reader, language_name, sentences

SENTENCES = 20_000  # of one language that are kept as they are said
EXTENSIONS = ("jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols")


@cache
def _environment(language: str) -> Environment:
    """The templates in one language; a sentence is looked up when a template is used, not when it is read."""
    loader = ChoiceLoader(
        [PackageLoader("web", "templates"), PrefixLoader({"components": PackageLoader("web", "components")})]
    )
    found = QuickEnvironment(
        loader=loader,
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        extensions=EXTENSIONS,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    _say_in(found, language)
    found.filters["phrase"] = lambda text, kind: phrase(text, kind, language)
    found.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    found.filters["coded"] = _coded
    found.filters["base64"] = lambda text: b64encode(text.encode()).decode()
    found.globals.update(asset=assets().url, charts=charts, language_name=language_name)
    found.filters.update(when=_when, exact=_exact, day=_day, span=_span, number=_number, percent=_percent, money=_money)
    keep_parts(found)
    return found


def _coded(text: str) -> Markup:
    """What stands between backticks in a sentence as code."""
    parts = enumerate(text.split("`"))
    return Markup().join(Markup("<code>{}</code>").format(each) if at % 2 else escape(each) for at, each in parts)


def _say_in(environment: Environment, language: str) -> None:
    """
    Look sentences up in a language, each once.

    As jinja2.ext.i18n says them in its new style, which makes and fills each one whenever it is said.
    """
    words = sentences(language)
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]

    @lru_cache(SENTENCES)
    def plain(text: str) -> Markup:
        return Markup(words.gettext(text)) % {}  # noqa: S704 - what translators write is markup

    def gettext(text: str, /, **values: Any) -> Markup:
        return Markup(words.gettext(text)) % values if values else plain(text)  # noqa: S704

    environment.globals.update(gettext=gettext, _=gettext)


def rendered(template: str, reader: Reader, values: dict[str, Any]) -> str:
    """The text of a page for *reader*."""
    return _environment(reader.language).get_template(template).render(values, reader=reader)


def _reader(context: Context) -> Reader:
    found: Reader = context["reader"]
    return found


def _time(local: datetime, text: str, title: str = "") -> Markup:
    """`<time>`, put together by hand: tables have hundreds of them, and `Markup.format` costs ten times as much."""
    more = f' title="{escape(title)}"' if title else ""
    return Markup(f'<time datetime="{local.isoformat(timespec="seconds")}"{more}>{escape(text)}</time>')  # noqa: S704


@pass_context
def _when(context: Context, moment: str | None) -> Markup:
    """`<time>` with a distance, and the exact time for who points at it."""
    if moment is None:
        return escape(NOTHING)
    reader = _reader(context)
    local = reader.local(moment)
    return _time(local, reader.distance(local), reader.exact(local))


@pass_context
def _exact(context: Context, moment: str | None) -> Markup:
    """`<time>` with day, time and zone."""
    if moment is None:
        return escape(NOTHING)
    reader = _reader(context)
    local = reader.local(moment)
    return _time(local, reader.exact(local))


@pass_context
def _day(context: Context, moment: str | None) -> Markup:
    """`<time>` with the day, and the exact time for who points at it."""
    if moment is None:
        return escape(NOTHING)
    reader = _reader(context)
    local = reader.local(moment)
    return _time(local, reader.date(local), reader.exact(local))


@pass_context
def _span(context: Context, seconds: float) -> str:
    return _reader(context).span(seconds)


@pass_context
def _number(context: Context, value: float | None) -> str:
    return NOTHING if value is None else _reader(context).number(value)


@pass_context
def _percent(context: Context, basis_points: int | None) -> str:
    return _reader(context).percent(basis_points)


@pass_context
def _money(context: Context, minor: int, currency: str) -> str:
    return _reader(context).money(minor, currency)
