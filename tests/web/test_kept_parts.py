"""Parts of pages that are kept: the same values have the same text, and no others."""

from collections.abc import Callable
from typing import cast

import pytest
from jinja2 import DictLoader, StrictUndefined, UndefinedError, meta, nodes
from markupsafe import Markup

from web import kept_parts
from web.kept_parts import KEPT, KeptMacro, QuickEnvironment, keep_parts
from web.rendering import _environment

TAG = "<b>"
BOLD = Markup("<b>")
IS_WRITTEN = frozenset(("join", "xmlattr", "replace"))
"""Filters that ask only whether text becomes markup, which it always does."""
MARK = "{{ x }}{{ y }}{% if caller is defined %}{{ caller() }}{% endif %}"
PAGE = {
    "mark.html": f"{{% macro mark(x, y='') %}}<i>{MARK}</i>{{% endmacro %}}",
    "part.html": "[{{ a }}{{ b }}]",
    "uses.html": "{% import 'mark.html' as it %}{{ it.mark(x) }}{{ it.mark(x, y=1) }}"
    "{% call it.mark(1) %}{{ x }}{% endcall %}",
    "dots.html": "{{ it.name }}{{ it['items'] }}{{ it.items()|length }}{{ it.get('name') }}",
    "lacks.html": "{{ it.away }}",
}


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> QuickEnvironment:
    """Some templates, in which a macro is kept."""
    monkeypatch.setattr(kept_parts, "KEPT", ())
    found = QuickEnvironment(loader=DictLoader(PAGE), autoescape=True, undefined=StrictUndefined, cache_size=-1)
    keep_parts(found)
    module = found.get_template("mark.html").module
    monkeypatch.setattr(module, "mark", KeptMacro(module.mark))  # type: ignore[attr-defined]
    return found


def kept_of(templates: QuickEnvironment) -> Callable[..., Markup]:
    """What templates call `kept_part`."""
    return cast("Callable[..., Markup]", templates.globals["kept_part"])


def test_text_is_kept_apart_from_markup_and_numbers_from_truth(templates: QuickEnvironment) -> None:
    """Though they are equal: what was kept of the one is not given for the other, in any order."""
    mark, kept = templates.get_template("mark.html").module.mark, kept_of(templates)  # type: ignore[attr-defined]
    for _ in range(2):
        assert [mark(BOLD), mark(TAG), mark(x=TAG)] == ["<i><b></i>", "<i>&lt;b&gt;</i>", "<i>&lt;b&gt;</i>"]
        assert [mark(1), mark(True), mark(1.0)] == ["<i>1</i>", "<i>True</i>", "<i>1.0</i>"]
        assert [kept("part.html", a=BOLD, b=1), kept("part.html", a=TAG, b=True)] == [
            "[<b>1]", "[&lt;b&gt;True]"
        ]  # fmt: skip
        assert kept("part.html", b=TAG, a=1) == "[1&lt;b&gt;]"
        assert isinstance(kept("part.html", a=1, b=2), Markup)


def test_what_a_macro_is_called_with_is_drawn_each_time(templates: QuickEnvironment) -> None:
    """And so is what has no value of its own to be compared by."""
    for x in ("a", TAG):
        text = templates.get_template("uses.html").render(x=x)
        shown = Markup.escape(x)
        assert text == f"<i>{shown}</i><i>{shown}1</i><i>1{shown}</i>"
    mark = templates.get_template("mark.html").module.mark  # type: ignore[attr-defined]
    listed = [1]
    assert mark(listed) == "<i>[1]</i>"
    listed.append(2)
    assert mark(listed) == "<i>[1, 2]</i>"


def test_no_more_is_kept_than_there_is_room_for(templates: QuickEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that are used once push the others out."""
    monkeypatch.setattr(kept_parts, "MOST_DRAWN", 2)
    mark = templates.get_template("mark.html").module.mark  # type: ignore[attr-defined]
    assert [mark(each) for each in (1, 2, 3, 1)] == ["<i>1</i>", "<i>2</i>", "<i>3</i>", "<i>1</i>"]
    assert len(mark._drawn) <= 2


def test_a_part_sees_no_other_values(templates: QuickEnvironment) -> None:
    """One that it lacks is an error, and not empty."""
    with pytest.raises(UndefinedError):
        kept_of(templates)("part.html", a=1)


def test_members_are_looked_up_as_in_jinja(templates: QuickEnvironment) -> None:
    """A method of a mapping stands before a member of its name; what is not there is an error."""
    text = templates.get_template("dots.html").render(it={"name": "x", "items": "y"})
    assert text == "xy2x"
    with pytest.raises(UndefinedError):
        templates.get_template("lacks.html").render(it={"name": "x"})


def test_components_that_are_kept_follow_from_their_arguments() -> None:
    """Each is one that there is; its module uses nothing of a page, and no filter that asks who reads."""
    environment = _environment("en")
    asks = {name for name, each in environment.filters.items() if getattr(each, "jinja_pass_arg", None) is not None}
    for name, macros in KEPT:
        template = f"components/{name}.html"
        tree = environment.parse(environment.loader.get_source(environment, template)[0])  # type: ignore[union-attr]
        assert meta.find_undeclared_variables(tree) <= {*environment.globals, "caller"}, name
        own = [each for each in tree.find_all(nodes.Macro) if each.name in macros]
        used = {each.name for macro in own for each in macro.find_all(nodes.Filter)}
        assert used & (asks - IS_WRITTEN) == set(), name
        assert not any(each.name == "caller" for macro in own for each in macro.find_all(nodes.Name)), name
        module = environment.get_template(template).module
        assert all(isinstance(getattr(module, macro), KeptMacro) for macro in macros), name
