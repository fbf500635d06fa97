"""Components: what each draws is whole, names itself to screen readers, and has neither a style nor a script within."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from web.rendering import _environment, rendered
from web.styleguide import icons
from web.words import NOTHING, Reader, languages

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'too'"


class Checked(HTMLParser):
    """
    Reads a page as a strict reader would: each element is closed where it has to be, each id is there once.

    Attributes:
        elements: the name and the attributes of each.
        faults: what is wrong.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{name}> is not closed" for name in self._open]
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        self.faults += [f"id {each} is there twice" for each in set(ids) if ids.count(each) > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        self.faults += [f"{name} stands twice at <{tag}>" for name in set(names) if names.count(name) > 1]
        self.faults += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Shapes of SVG end by themselves."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which has to be the one that was opened last."""
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def drawn(source: str, language: str = "en", **values: object) -> str:
    """What a template says that has the components."""
    text = f'{{% import "components/ui.html" as ui %}}{source}'
    return _environment(language).from_string(text).render(**values)


def guide(language: str, theme: str = "") -> str:
    """The page of all components."""
    page = SimpleNamespace(
        theme=theme,
        notice="",
        here="/styleguide",
        desks=["learn"],
        user=object(),
        unread=None,
        on_mac=False,
        query={},
        parts={},
    )
    reader = Reader(language, ZoneInfo("UTC"), datetime(2026, 11, 30, tzinfo=UTC))
    return rendered("styleguide.html", reader, {"page": page, "languages": languages(), "icons": icons()})


@pytest.mark.parametrize("language", languages())
def test_the_page_of_all_components_is_whole(language: str) -> None:
    """Elements are closed, ids are there once, labels and descriptions name what there is, nothing has a style."""
    page = Checked(guide(language))
    assert page.faults == []
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    references = ("for", "aria-labelledby", "aria-describedby", "popovertarget")
    named = {each for _, has in page.elements for name in references for each in has.get(name, "").split()}
    assert named - ids == set()
    fields = [has for tag in ("input", "select", "textarea") for has in page.all(tag) if has.get("type") != "hidden"]
    assert [has for has in fields if has["id"] not in {label.get("for") for label in page.all("label")}] == []
    assert [has for has in page.all("script") if "src" not in has] == []


def test_every_component_is_shown() -> None:
    """The page of all components has each that there is."""
    source = _environment("en").loader.get_source(_environment("en"), "styleguide.html")[0]  # type: ignore[union-attr]
    module = _environment("en").get_template("components/ui.html").module
    names = {name for name in vars(module) if not name.startswith("_")} - {"charts"}
    elsewhere = {"live_regions", "toast_region", "action", "spinner"}  # once on each page; what is swapped
    assert {name for name in names if f"ui.{name}(" not in source} == elsewhere
    charts = {name for name in vars(module.charts) if not name.startswith("_")}  # type: ignore[attr-defined]
    assert {name for name in charts if f"ui.charts.{name}(" not in source} == set()


def test_icons_that_are_named_exist() -> None:
    """Each `#name` of the sprite is one of its symbols."""
    named = set(re.findall(r"/static/icons\.\w+\.svg#([\w-]+)", guide("en")))
    assert named - set(icons()) == set()


def test_values_are_text() -> None:
    """What a person has written is nowhere taken for HTML."""
    source = """
    {{ ui.button(x) }}{{ ui.link_button(x, x) }}{{ ui.badge(x) }}{{ ui.alert(x, title=x) }}
    {{ ui.stat(x, x, x) }}{{ ui.field("a", x, value=x, hint=x, error=x) }}{{ ui.textarea("b", x, x) }}
    {{ ui.select("c", x, [(x, x)], x) }}{{ ui.radios("d", x, [(x, x, x)], x) }}
    {{ ui.checkbox("e", x, value=x) }}{{ ui.avatar(x) }}{{ ui.copyable(x, x) }}{{ ui.facts([(x, x)]) }}
    {{ ui.tabs([(x, x, true, x)], x) }}{{ ui.breadcrumb([(x, x), (x, x)]) }}{{ ui.toast(x) }}
    {{ ui.progress(x, 1, text=x) }}{{ ui.empty_state(x, x) }}{{ ui.error_summary([(x, x)]) }}
    {{ ui.timeline_entry(x, x) }}{{ ui.charts.bars([(x, 1, x)], x) }}
    {{ ui.charts.lines([x], [(x, [1])], x, x) }}{{ ui.error_state(x, x, x, x) }}
    {{ ui.action(x, x, fields={"n": x}) }}{{ ui.search_box(x, x, value=x) }}{{ ui.menu_link(x, x) }}
    {{ ui.meter(x, 1) }}
    """
    page = Checked(drawn(source, x=HOSTILE))
    assert page.all("img") == []
    assert [fault for fault in page.faults if "twice" not in fault] == []


def test_a_field_tells_its_error() -> None:
    """By a description, and as the first that is wrong; one without an error has neither."""
    page = Checked(
        drawn('{{ ui.field("a", "A", hint="h", error="e") }}{{ ui.field("b", "B", "password", value="x") }}')
    )
    wrong, right = page.all("input")
    assert (wrong["aria-invalid"], wrong["aria-describedby"]) == ("true", "a-error a-hint")
    assert {"data-first-error", "required"} <= wrong.keys()
    assert {"aria-invalid", "aria-describedby", "value"} & right.keys() == set()  # no page says a password


def test_what_is_current_is_told() -> None:
    """Of tabs, menus and ways: the one that is shown."""
    source = (
        '{{ ui.tabs([("/a", "A", false), ("/b", "B", true)], "T") }}{{ ui.breadcrumb([("A", "/a"), ("B", "/b")]) }}'
    )
    page = Checked(drawn(source))
    assert [(tag, has.get("href")) for tag, has in page.elements if has.get("aria-current") == "page"] == [
        ("a", "/b"),
        ("span", None),
    ]


def test_a_list_without_further_pages_has_no_ways() -> None:
    """And one with some has those that there are."""
    assert drawn("{{ ui.pagination() }}").strip() == ""
    assert [has["href"] for has in Checked(drawn('{{ ui.pagination(next="/n") }}')).all("a")] == ["/n"]


def test_a_table_of_a_chart_has_its_numbers() -> None:
    """As they are to be read, and a dash for what is not there."""
    text = re.sub(r"<[^>]+>", " ", drawn('{{ ui.charts.lines(["a", "b"], [("x", [1, none]), ("y", [3, 4])], "T") }}'))
    assert " ".join(text.split()).endswith(f"When x y a 1 3 b {NOTHING} 4")


def test_words_are_those_of_the_language() -> None:
    """A component says in German what it says in English."""
    assert "Noch einmal versuchen" in drawn('{{ ui.error_state(retry="/") }}', "de")
    assert "2 Angaben" in drawn('{{ ui.error_summary([("a", "x"), ("b", "y")]) }}', "de")
