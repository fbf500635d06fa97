"""Answers of Stripe: whose fault it is that there is no good one, and how a request is made once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from commands.payment.provider import ProviderAway, ProviderRefused

MOST_KEYS = 10
T = TypeVar("T")


class KeptFailure(ProviderAway):
    """Stripe gives an error of its server again, which it keeps under the key of the request."""


class NotThere(ProviderRefused):
    """Stripe has no object of this id."""


async def once(make: Callable[[Any], Awaitable[T]], look: Callable[[], Awaitable[T | None]], key: str) -> T:
    """
    Have something made under a key, or, where Stripe keeps a failure under it, find it; else under the next key.

    Args:
        make: asks for it, with options of the SDK.
        look: finds what was made, None for nothing.
    """
    for number in range(1, MOST_KEYS + 1):
        try:
            async with answered():
                return await make({"idempotency_key": key if number == 1 else f"{key}.{number}"})
        except KeptFailure:
            if (found := await look()) is not None:
                return found
    raise ProviderAway(f"Stripe has failed under {MOST_KEYS} keys")


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Say whose fault it is that there is no good answer."""
    import stripe

    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise ProviderAway(f"Stripe does not take the key: {_sentence(error)}") from error
    except stripe.IdempotencyError as error:
        if error.http_status == 409:
            raise ProviderAway(f"the same request is under way: {_sentence(error)}") from error
        raise ProviderRefused(_sentence(error)) from error
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        refused = NotThere if error.code == "resource_missing" else ProviderRefused
        raise refused(_sentence(error)) from error
    except stripe.APIError as error:
        headers = {name.lower(): value for name, value in dict(error.headers or {}).items()}
        away = KeptFailure if headers.get("idempotent-replayed") == "true" else ProviderAway
        raise away(f"Stripe has failed: {_sentence(error)}") from error
    except stripe.StripeError as error:  # no answer, or too many requests
        raise ProviderAway(f"Stripe does not answer: {_sentence(error)}") from error


def _sentence(error: Any) -> str:
    return " ".join((error.user_message or str(error) or type(error).__name__).split())
