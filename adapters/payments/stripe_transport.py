"""The SDK's transport, imported with the SDK when it is first needed."""

from collections.abc import Mapping
from typing import Any

import stripe


class Transport(stripe.HTTPXClient):
    """The SDK's own, without what httpx warns of: a form goes as content, since the SDK has encoded it."""

    def _get_request_args_kwargs(self, method: str, url: str, headers: Mapping[str, str], post_data: Any) -> list[Any]:
        return [(method, url), {"headers": headers, "content": post_data or None, "timeout": self._timeout}]
