"""What a read model may be called."""

from typing import Any

import pytest

from api.projection_jobs import router
from projections.engine.projection import RESERVED_NAMES, ReservedName
from projections.gradebook import Gradebook


def test_a_name_that_a_route_has_is_none_of_a_read_model() -> None:
    """Each word that stands in a route in the place of a name is reserved."""
    routes: list[Any] = list(router.routes)
    words = {route.path.removeprefix("/v1/projections/").partition("/")[0] for route in routes}
    assert {word for word in words if word and "{" not in word and not word.startswith("v1")} == RESERVED_NAMES
    for name in RESERVED_NAMES:
        wrong = type("Wrong", (Gradebook,), {"name": name})
        with pytest.raises(ReservedName):
            wrong()
