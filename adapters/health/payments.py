"""Does the payment provider answer, and do facts, books and provider agree? For `campus doctor`."""

from adapters.health.servers import Check, Unhealthy
from adapters.payments.stripe_provider import StripeProvider
from adapters.postgres.connection import connect
from adapters.postgres.ops import reconciliations
from adapters.settings import Settings
from commands.payment.provider import ProviderAway, ProviderRefused

LONGEST_AGO = 3 * 3_600.0  # seconds; it is due every hour
AGAIN = "the dispatcher tries it again every hour; `campus payments reconcile` at once"


async def answers(settings: Settings) -> str:
    """Does the provider answer, and can its messages be checked?"""
    if not settings.stripe_key:
        return "no key of Stripe is set: nothing can be paid"
    where = settings.stripe_api_base or "Stripe"
    provider = StripeProvider(settings)
    try:
        await provider.ping()
    except (ProviderAway, ProviderRefused) as error:
        hint = "orders wait until it answers; is CAMPUS_STRIPE_KEY right, and does CAMPUS_STRIPE_API_BASE lead to it?"
        raise Unhealthy(str(error), hint) from error
    finally:
        await provider.close()
    if not settings.webhook_secrets:
        raise Unhealthy("no message of Stripe is taken", "set CAMPUS_STRIPE_WEBHOOK_SECRETS to the endpoint's secret")
    return f"{where} answers"


async def agree(settings: Settings) -> str:
    """Did facts, the books and the provider agree when they were last compared, and was that not long ago?"""
    if not settings.stripe_key:
        return "nothing to compare: no key of Stripe is set"
    async with await connect(settings, application="doctor") as connection:
        last = await reconciliations.last(connection)
    if last is None or last.age_seconds is None:
        if last is None or last.failure is None:
            return "not compared yet: the dispatcher does it every hour, `campus payments reconcile` at once"
        raise Unhealthy(f"never done; the last attempt failed: {last.failure}", AGAIN)
    ago = f"{last.age_seconds / 60:,.0f} minutes ago"
    if found := [f"{number:,} {kind}" for kind, number in (last.counts or {}).items() if number]:
        raise Unhealthy(
            f"{', '.join(found)} ({ago})",
            "`campus payments reconcile` lists them, docs/reconciliation.md explains them",
        )
    if last.failure is not None:
        raise Unhealthy(f"all agreed {ago}, and the last attempt failed: {last.failure}", AGAIN)
    if last.age_seconds > LONGEST_AGO:
        raise Unhealthy(
            f"all agreed {ago}, and it was not done since", "is a dispatcher running? see DATA/log/dispatcher.log"
        )
    return f"all agreed {ago}"


CHECKS: dict[str, Check] = {"payments": answers, "reconciliation": agree}
