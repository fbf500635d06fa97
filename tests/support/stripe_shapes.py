"""
Whether an object has the shape that the classes of Stripe's SDK declare: every field that must be there, of its type,
with a known value, and none that Stripe does not have.
"""

from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from stripe import StripeObject
from stripe._object_classes import OBJECT_CLASSES, get_object_class


def problems(value: Any, where: str = "") -> list[str]:
    """What is wrong with an object of the API, and with all objects in it."""
    name = value.get("object")
    if name == "list":
        return [each for n, item in enumerate(value["data"]) for each in problems(item, f"{where}[{n}]")]
    if name not in OBJECT_CLASSES:
        return [f"{where}: no object of Stripe is called {name}"]
    if value.get("deleted"):
        return []
    return _of_class(value, get_object_class("V1", name), f"{where}{name}")


def _of_class(value: dict[str, Any], shape: type[StripeObject], where: str) -> list[str]:
    fields: dict[str, Any] = {}
    for base in reversed(shape.__mro__):
        if issubclass(base, StripeObject) and base not in (StripeObject, dict):
            fields |= {name: hint for name, hint in vars(base).get("__annotations__", {}).items() if name[0] != "_"}
    if not fields:  # a table without declared names, such as metadata
        return []
    found = [f"{where}.{name} is no field of Stripe" for name in value if name not in fields]
    for name, hint in fields.items():
        if get_origin(hint) is ClassVar or name in ("OBJECT_NAME", "deleted"):
            continue
        if name in value:
            found += _of_type(value[name], hint, f"{where}.{name}")
        elif type(None) not in get_args(hint):
            found.append(f"{where}.{name} is missing")
    return found


def _of_type(value: Any, hint: Any, where: str) -> list[str]:  # noqa: PLR0911 - a line for each kind of type
    origin, arguments = get_origin(hint), get_args(hint)
    if value is None:
        return [] if hint is type(None) or type(None) in arguments else [f"{where} is null"]
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        return problems(value, where + ":")
    if origin is Union:
        return _of_union(value, [each for each in arguments if each is not type(None)], where)
    if origin is Literal:
        return [] if value in arguments else [f"{where} is {value!r}, not one of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [each for n, item in enumerate(value) for each in _of_type(item, arguments[0], f"{where}[{n}]")]
    if origin is not None or not isinstance(hint, type):
        return []  # an object of the API, which is checked by its name, or a table of strings
    if issubclass(hint, StripeObject):
        return _of_class(value, hint, where) if isinstance(value, dict) else [f"{where} is no table"]
    right = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    return [] if right or (hint is float and isinstance(value, int)) else [f"{where} is {value!r}, not {hint}"]


def _of_union(value: Any, kinds: list[Any], where: str) -> list[str]:
    """The problems with the nearest of *kinds*; where Stripe lists the values of a string, it is one of them."""
    if any(get_origin(kind) is Literal for kind in kinds):
        kinds = [kind for kind in kinds if kind is not str]
    tried = [_of_type(value, kind, where) for kind in kinds]
    return min(tried, key=len)
