"""
Stripe's test cards: what each does when it is charged. Source: docs.stripe.com/testing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A test card."""

    number: str
    does: str
    """For the list on the payment page."""
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: tuple[str, str, str] | None = None
    """Error code, decline code and message of the refusal."""
    authenticate: str = ""
    """`always`, or `unless_set_up`: charges without the customer pass once the card was set up."""
    dispute: str = ""
    """The reason of the dispute that follows a charge at once."""
    inquiry: bool = False
    """The bank only asks."""
    refund_fails: bool = False
    """A refund succeeds at first, and fails later."""

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        """The number as it is printed."""
        return " ".join(self.number[n : n + 4] for n in range(0, len(self.number), 4))


def _declined(number: str, does: str, decline_code: str, message: str, code: str = "card_declined") -> Card:
    return Card(number, does, decline=(code, decline_code, message))


VISA = Card("4242424242424242", "is paid")
GENERIC = _declined("4000000000000002", "is declined", "generic_decline", "Your card was declined.")
CARDS = {
    "pm_card_visa": VISA,
    "pm_card_chargeDeclined": GENERIC,
    "pm_card_visa_chargeDeclined": GENERIC,
    "pm_card_chargeDeclinedInsufficientFunds": _declined(
        "4000000000009995", "is declined: insufficient funds", "insufficient_funds", "Your card has insufficient funds."
    ),
    "pm_card_threeDSecureOptional": Card("4000002500003155", "asks for 3-D Secure", authenticate="unless_set_up"),
    "pm_card_authenticationRequired": Card("4000002760003184", "asks for 3-D Secure each time", authenticate="always"),
    "pm_card_threeDSecure2Required": Card("4000000000003220", "asks for 3-D Secure each time", authenticate="always"),
    "pm_card_createDispute": Card("4000000000000259", "is paid, then disputed", dispute="fraudulent"),
    "pm_card_createDisputeInquiry": Card(
        "4000000000001976", "is paid, then asked about", dispute="fraudulent", inquiry=True
    ),
    "pm_card_createDisputeProductNotReceived": Card(
        "4000000000002685", "is paid, then disputed as not received", dispute="product_not_received"
    ),
    "pm_card_chargeDeclinedLostCard": _declined(
        "4000000000009987", "is declined: lost card", "lost_card", "Your card was declined."
    ),
    "pm_card_chargeDeclinedStolenCard": _declined(
        "4000000000009979", "is declined: stolen card", "stolen_card", "Your card was declined."
    ),
    "pm_card_chargeDeclinedExpiredCard": _declined(
        "4000000000000069", "is declined: expired card", "expired_card", "Your card has expired.", "expired_card"
    ),
    "pm_card_chargeDeclinedIncorrectCvc": _declined(
        "4000000000000127",
        "is declined: wrong security code",
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "incorrect_cvc",
    ),
    "pm_card_chargeDeclinedProcessingError": _declined(
        "4000000000000119",
        "is declined: processing error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
    ),
    "pm_card_chargeCustomerFail": _declined(
        "4000000000000341", "can be saved, and is declined when charged", "generic_decline", "Your card was declined."
    ),
    "pm_card_refundFail": Card("4000000000005126", "is paid; a refund fails later", refund_fails=True),
    "pm_card_visa_debit": Card("4000056655665556", "is paid", funding="debit"),
    "pm_card_mastercard": Card("5555555555554444", "is paid", brand="mastercard"),
    "pm_card_amex": Card("378282246310005", "is paid", brand="amex"),
    "pm_card_de": Card("4000002760000016", "is paid", country="DE"),
    "pm_card_jp": Card("4000003920000003", "is paid", country="JP"),
}
PRINTED = (
    "pm_card_visa", "pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_threeDSecureOptional",
    "pm_card_authenticationRequired", "pm_card_createDispute",
)  # fmt: skip
"""Those that the payment page lists."""
BY_NUMBER = {card.number: card for card in CARDS.values()}


def by_number(number: str) -> Card | None:
    """The test card of that number, however it is spaced."""
    return BY_NUMBER.get("".join(filter(str.isdigit, number)))
