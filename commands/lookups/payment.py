"""What other contexts may know of payment: whether a run is sold, and who has access to it."""

from datetime import datetime

from commands.log import Log, present
from commands.lookups.catalog import STRUCTURE_MAX_AGE, Outline
from domain.payment.entitlement import Entitlement, entitlement_stream
from domain.payment.errors import PaymentRequired
from domain.payment.offers import Offers, offers_stream
from domain.payment.product import Product, product_stream
from domain.payment.subscription import Subscription, subscription_stream
from domain.tags import QueryItem, tag


async def entitlement_for(log: Log, learner_id: str, run: Outline) -> str | None:
    """
    The entitlement by which a learner may have a place on a run; None where the run is not sold, or costs nothing.

    Where nothing is sold this is one look at what is remembered.

    Raises:
        PaymentRequired: the run is sold, and the learner has no live entitlement to it.
    """
    offers = await log.read(Offers, offers_stream(run.course_id), STRUCTURE_MAX_AGE)
    if not offers.sells(run.run_id):
        return None
    live = (await live_entitlements(log, learner_id)).get(run.run_id)
    if live is not None:
        return live
    products = offers.granting(run.run_id)
    for product_id in products:
        if (await log.read(Product, product_stream(product_id), STRUCTURE_MAX_AGE)).is_free(log.context.at):
            return None
    raise PaymentRequired(
        f"course run {run.run_id} is sold: order one of these products: {', '.join(products) or 'none is sold now'}",
        run_id=run.run_id,
        products=products,
    )


async def entitlements_of(log: Log, learner_id: str) -> list[Entitlement]:
    """All entitlements of a learner; if another is granted, or one changes meanwhile, all is decided again."""
    granted = QueryItem(("entitlement.granted",), (tag("learner", learner_id),))
    return [await log.read(Entitlement, stream) for stream in await log.streams((granted,))]


async def live_entitlements(log: Log, learner_id: str) -> dict[str, str]:
    """For each run to which a learner has access now, the first live entitlement that gives it."""
    live: dict[str, str] = {}
    for entitlement in await entitlements_of(log, learner_id):
        if entitlement.is_live(present(log)):
            for run_id in entitlement.runs:
                live.setdefault(run_id, entitlement.entitlement_id)
    return live


async def ends_for_good(log: Log, learner_id: str, entitlement_id: str) -> datetime | None:
    """When the access of a live entitlement ends; None for one that is over, or that a subscription is to extend."""
    entitlement = await log.read(Entitlement, entitlement_stream(learner_id, entitlement_id))
    if not entitlement.is_live(present(log)):
        return None
    if entitlement.subscription_id is not None:
        stream = subscription_stream(learner_id, entitlement.subscription_id)
        if (await log.read(Subscription, stream)).renews:
            return None
    return entitlement.access_until


async def runs_of_entitlement(log: Log, learner_id: str, entitlement_id: str) -> list[str]:
    """The runs to which an entitlement gives, or gave, access."""
    entitlement = await log.read(Entitlement, entitlement_stream(learner_id, entitlement_id))
    entitlement.must_exist()
    return entitlement.runs
