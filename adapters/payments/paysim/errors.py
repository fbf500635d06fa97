"""
Stripe's errors: what `{"error": {...}}` holds, and its HTTP status.
"""

from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class StripeError(Exception):
    """A request that is refused, as Stripe would say it."""

    def __init__(self, status: int, kind: str, message: str, *, undo: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self._undo = undo
        self.fields = {"type": kind, "message": message, **fields}
        if "code" in fields:
            self.fields["doc_url"] = DOCS + str(fields["code"]).replace("_", "-")

    @property
    def saved(self) -> bool:
        """Whether what was done is kept, and the answer under its key: so it is with a decline, unless it is undone."""
        return self.status == 402 and not self._undo

    def body(self) -> dict[str, Any]:
        """The answer."""
        return {"error": self.fields}


def invalid(message: str, param: str | None = None, code: str | None = None, **fields: Any) -> StripeError:
    """A request that cannot be carried out as it is."""
    given = {"param": param, "code": code, **fields}
    return StripeError(400, "invalid_request_error", message, **{k: v for k, v in given.items() if v is not None})


def missing(param: str) -> StripeError:
    """A parameter without which nothing can be done."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def absent(kind: str, id_: str, param: str = "id") -> StripeError:
    """An id that names nothing: 404 where it is in the path, 400 in a parameter."""
    status = 404 if param == "id" else 400
    return StripeError(
        status,
        "invalid_request_error",
        f"No such {kind.replace('.', ' ')}: '{id_}'",
        param=param,
        code="resource_missing",
    )


def unexpected_state(kind: str, message: str, state: dict[str, Any]) -> StripeError:
    """An intent whose status does not allow what is asked for; the error carries the intent."""
    error = StripeError(400, "invalid_request_error", message, code=f"{kind}_unexpected_state")
    error.fields[kind] = state
    return error
