"""
Parts of pages that are the same for many: a process draws each once and keeps its text.

`kept_part("header.html", …)` in a template draws another one that sees these values and nothing else, so its text
follows from them. `KeptMacro` is a component that does the same for its arguments. Both tell texts from markup and
numbers from booleans: equal ones of another type may be written otherwise. What is kept is made of words, roles,
numbers and addresses: no part or component that is shown a person's name is kept.

`QuickContext` calls macros and functions as Jinja does, without asking each how it wants to be called, and
`QuickEnvironment` looks into what was decoded from JSON without asking it for an attribute first.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

from jinja2 import Environment
from jinja2.runtime import Context, Macro
from markupsafe import Markup

MOST_PARTS = 2_000  # of one language
MOST_DRAWN = 2_000  # texts of one component
PLAIN: Final = frozenset((str, Markup, int, bool, float, type(None)))
"""Arguments of these types are compared by type and value."""
CALLED: Final = frozenset((FunctionType, MethodType, BuiltinFunctionType))
METHODS: Final = frozenset(dir(dict))
KEPT: Final = (
    ("icons", ("icon",)),
    ("buttons", ("button", "link_button")),
    ("navigation", ("menu_link",)),
    ("overlay", ("theme_switch",)),
    ("feedback", ("live_regions",)),
    ("data", ("badge", "why")),
)
"""The components that are kept, by module: each before those that use it."""


class KeptMacro:
    """A macro whose text follows from its arguments alone; what it is called with (`caller`) is never kept."""

    def __init__(self, macro: Macro) -> None:
        self._macro = macro
        self._drawn: dict[Hashable, str] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """The text, drawn or kept."""
        values = (*args, *kwargs.values())
        types = tuple(map(type, values))
        if not PLAIN.issuperset(types):
            return self._macro(*args, **kwargs)
        key = (values, types, *kwargs)
        found = self._drawn.get(key)
        if found is None:
            if len(self._drawn) >= MOST_DRAWN:
                self._drawn.clear()
            found = self._drawn[key] = self._macro(*args, **kwargs)
        return found


class QuickContext(Context):
    """The values of a template."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls."""
        kind = type(obj)
        if kind is KeptMacro or (kind in CALLED and getattr(obj, "jinja_pass_arg", None) is None):
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(*args, **kwargs)
        if kind is Macro:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(self.eval_ctx, *args, **kwargs)
        return super().call(obj, *args, **kwargs)


class QuickEnvironment(Environment):
    """The templates."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What stands after a dot; a method of a mapping before a member of that name, as in Jinja."""
        if type(obj) is dict and attribute in obj and attribute not in METHODS:
            return obj[attribute]
        return super().getattr(obj, attribute)


QuickEnvironment.context_class = QuickContext


def keep_parts(environment: Environment) -> None:
    """Keep the components of KEPT, and give templates `kept_part`; before any template was used."""
    for name, macros in KEPT:
        module = environment.get_template(f"components/{name}.html").module
        for macro in macros:
            setattr(module, macro, KeptMacro(getattr(module, macro)))
    environment.globals["kept_part"] = _kept(environment)


def _kept(environment: Environment) -> Callable[..., Markup]:
    @lru_cache(MOST_PARTS, typed=True)
    def drawn(template: str, names: tuple[str, ...], *values: Hashable) -> Markup:
        return Markup(environment.get_template(template).render(zip(names, values, strict=True)))  # noqa: S704

    def kept_part(template: str, /, **values: Any) -> Markup:
        return drawn(template, tuple(values), *values.values())

    return kept_part
