"""
Keys at which a rule fails: a result without them is not what the rule says of the log, and says so.
"""

import warnings

from campuslog.errors import KeysParked, ParkedWarning
from campuslog.rebuild import Rebuilt

NAMED = 5  # keys in a sentence


def settle(result: Rebuilt, *, strict: bool) -> None:
    """
    Accept a result only if no key is parked in it.

    Args:
        strict: refuse it; else warn.

    Raises:
        KeysParked: keys are parked, and *strict*.
    """
    if not result.parked:
        return
    said = _sentence(result)
    if strict:
        raise KeysParked(
            f"{said}. The exception has them as `result.parked`, each with its `trace`; strict=False leaves these keys"
            " out and gives the rows of all others",
            result,
        )
    warnings.warn(f"{said}; their rows are left out: see `parked` of the result", ParkedWarning, stacklevel=3)


def _sentence(result: Rebuilt) -> str:
    first, keys = result.parked[0], list(dict.fromkeys(poison.key for poison in result.parked))
    more = len(keys) - NAMED
    others = f" ({', '.join(keys[:NAMED])}{f' and {more:,} more' if more > 0 else ''})" if len(keys) > 1 else ""
    return (
        f"{result.name} fails for {len(keys):,} {'key' if len(keys) == 1 else 'keys'}{others}, first at position"
        f" {first.position:,}, {first.type} of {first.key}: {first.error}"
    )
