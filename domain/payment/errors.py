"""What the rules of payment refuse; the modules beside this one have the rules."""

from domain.errors import Conflict, NotFound, Rejected


class ProductNotFound(NotFound):
    """No such product."""

    code = "product_not_found"
    template = "there is no product {product_id}"
    lifted_by = "product-{product_id}"


class ProductExists(Conflict):
    """Another product has this id."""

    code = "product_exists"
    template = "product {product_id} exists with other contents"


class BadProduct(Rejected):
    """What a product grants contradicts its kind."""

    code = "bad_product"


class ProductRetired(Conflict):
    """The product is not sold any more."""

    code = "product_retired"
    template = "product {product_id} is not sold any more"


class NoPrice(Conflict):
    """The product has no price in this currency now."""

    code = "no_price"
    template = "product {product_id} has no price in {currency}"
    lifted_by = "product-{product_id}"


class BadPrice(Rejected):
    """A price that no product can have, or one that would change the past."""

    code = "bad_price"


class UnknownCurrency(Rejected):
    """Not a currency of ISO 4217 with minor units."""

    code = "unknown_currency"
    template = "{currency!r} is no currency: give a code of ISO 4217, such as EUR"


class UnknownCountry(Rejected):
    """Not a country of ISO 3166."""

    code = "unknown_country"
    template = "{country!r} is no country: give a code of ISO 3166 of two capitals, such as DE"


class CouponNotFound(NotFound):
    """No such coupon."""

    code = "coupon_not_found"
    template = "there is no coupon {coupon_id}"
    lifted_by = "coupon-{coupon_id}"


class CouponExists(Conflict):
    """Another coupon has this id."""

    code = "coupon_exists"
    template = "coupon {coupon_id} exists with other terms"


class BadCoupon(Rejected):
    """The terms of a coupon contradict each other."""

    code = "bad_coupon"


class CouponNotValid(Conflict):
    """The coupon is not for this order, or not at this time."""

    code = "coupon_not_valid"


class CouponUsedUp(Conflict):
    """The coupon is reserved or redeemed as often as it can be."""

    code = "coupon_used_up"
    template = "coupon {coupon_id} can be used {limit} times, and is"
    lifted_by = "coupon-{coupon_id}"


class OrderNotFound(NotFound):
    """The learner has no such order."""

    code = "order_not_found"
    template = "learner {learner_id} has no order {order_id}"
    lifted_by = "order-{learner_id}:{order_id}"


class NoSuchOrder(NotFound):
    """No learner has such an order, or not for this ticket."""

    code = "no_such_order"
    template = "there is no order {order_id}"


class BadOrder(Rejected):
    """What is ordered cannot be one order."""

    code = "bad_order"


class OrderNotOpen(Conflict):
    """The order does not wait for a payment any more."""

    code = "order_not_open"
    template = "order {order_id} is {status}"


class OrderNotPaid(Conflict):
    """The order is not paid."""

    code = "order_not_paid"
    template = "order {order_id} of learner {learner_id} is {status}"
    lifted_by = "order-{learner_id}:{order_id}"


class ReceiptNotIssued(Conflict):
    """The order is paid, but has no receipt: it has cost nothing, or the receipt comes a moment later."""

    code = "receipt_not_issued"
    template = "order {order_id} has no receipt: one is issued within seconds after money has come"


class OrderExpiring(Conflict):
    """The time of an order is over, and the provider has not said yet whether it was paid."""

    code = "order_expiring"
    template = (
        "the time of order {order_id} of learner {learner_id} is over, and the provider is asked whether it was paid:"
        " try again then"
    )
    lifted_by = "order-{learner_id}:{order_id}"


class OtherOrderOpen(Conflict):
    """The learner has an open order for some of the products, and others."""

    code = "other_order_open"
    template = "learner {learner_id} has order {order_id} open for some of these products: pay or cancel it first"
    lifted_by = "order-{learner_id}:{order_id}"


class AlreadyOwned(Conflict):
    """The learner has what the product grants, by this product."""

    code = "already_owned"
    template = "learner {learner_id} has access by product {product_id} already"


class SoldOut(Conflict):
    """The run that is sold has no free seat."""

    code = "sold_out"
    template = "course run {run_id} has no free seat"
    lifted_by = "seats-{run_id}"


class NoRunOnSale(Conflict):
    """The course that is sold has no run that can be entered now."""

    code = "no_run_on_sale"
    template = "course {course_id} has no run that is open now"
    lifted_by = "course-{course_id}"


class PaymentRequired(Conflict):
    """The run is sold: only who has bought one of the products, or was given access, is let in."""

    code = "payment_required"


class PaymentNotFound(NotFound):
    """No such payment."""

    code = "payment_not_found"
    template = "learner {learner_id} has no payment {payment_id}"
    lifted_by = "payment-{learner_id}:{payment_id}"


class MoneyDiffers(Conflict):
    """The provider says another currency, or another amount, than was asked for."""

    code = "money_differs"
    template = "{stream} is about {expected}, and the provider says {found}"


class NotRefundable(Conflict):
    """More than was captured and not yet refunded."""

    code = "not_refundable"
    template = "order {order_id}: {wanted} cannot be refunded, {left} can"


class BadRefund(Rejected):
    """An amount that cannot be given back in its currency."""

    code = "bad_refund"


class RefundReasonNeeded(Rejected):
    """A refund without a reason."""

    code = "refund_reason_needed"
    template = "order {order_id} is refunded with a reason only"


class UnknownLine(Rejected):
    """The order has no such line."""

    code = "unknown_line"
    template = "order {order_id} has no line {line}"


class RefundNotFound(NotFound):
    """No such refund."""

    code = "refund_not_found"
    template = "learner {learner_id} has no refund {refund_id}"
    lifted_by = "refund-{learner_id}:{refund_id}"


class DisputeNotFound(NotFound):
    """No such dispute."""

    code = "dispute_not_found"
    template = "learner {learner_id} has no dispute {dispute_id}"
    lifted_by = "dispute-{learner_id}:{dispute_id}"


class DecidedMeanwhile(Conflict):
    """The provider was asked how a dispute stands before its last decision was recorded."""

    code = "decided_meanwhile"
    template = "dispute {dispute_id} was recorded as {outcome} after the provider was asked about it: ask once more"


class BadOutcome(Rejected):
    """Not one of the outcomes that a dispute can have."""

    code = "bad_outcome"
    template = "{outcome!r} is no outcome of a dispute; these are: {outcomes}"


class SubscriptionNotFound(NotFound):
    """No such subscription."""

    code = "subscription_not_found"
    template = "learner {learner_id} has no subscription {subscription_id}"
    lifted_by = "subscription-{learner_id}:{subscription_id}"


class SubscriptionOver(Conflict):
    """The subscription is cancelled or has ended: nothing changes it any more."""

    code = "subscription_over"
    template = "subscription {subscription_id} is {status}: order the plan again"


class PlanChangePending(Conflict):
    """The provider has not carried out the last change of the plan yet."""

    code = "plan_change_pending"
    template = "subscription {subscription_id} is being changed to {product_id}: try again when that is done"


class EntitlementNotFound(NotFound):
    """No such entitlement."""

    code = "entitlement_not_found"
    template = "learner {learner_id} has no entitlement {entitlement_id}"
    lifted_by = "entitlement-{learner_id}:{entitlement_id}"


class EntitlementExists(Conflict):
    """Another entitlement has this id."""

    code = "entitlement_exists"
    template = "entitlement {entitlement_id} of learner {learner_id} exists with other contents"


class BadEntitlement(Rejected):
    """An entitlement to nothing, or one that ends before it begins."""

    code = "bad_entitlement"


class ProviderEventNotFound(NotFound):
    """No such message of the provider."""

    code = "provider_event_not_found"
    template = "there is no message {provider_event_id} of the provider"
    lifted_by = "provider-{provider_event_id}"


class ProviderEventMatched(Conflict):
    """The message of the provider was understood."""

    code = "provider_event_matched"
    template = "message {provider_event_id} was understood: it is about {stream}"


class BadPeriod(Rejected):
    """Days that cannot be closed: they are not over, or were closed before."""

    code = "bad_period"


class BadWebhook(Rejected):
    """A message that is not one of the provider: its signature or its form is wrong."""

    code = "bad_webhook"
