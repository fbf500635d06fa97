"""
Amounts: how many decimals a currency has at Stripe, the smallest charge, and how an amount is written.

Sources: docs.stripe.com/currencies (zero-decimal, three-decimal and minimum amounts).
"""

from decimal import Decimal

from adapters.payments.paysim.errors import invalid

ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1_500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17_500, "inr": 50, "jpy": 50, "mxn": 1_000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1_000,
}  # fmt: skip
USUAL_MINIMUM = {0: 50, 2: 50, 3: 200}
"""By the decimals, for currencies that Stripe's table does not have: about half a dollar of the settlement currency."""
LARGEST = 99_999_999
SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥", "krw": "₩"}


def decimals(currency: str) -> int:
    """How many decimals an amount in minor units has."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def currency_of(value: str, param: str = "currency") -> str:
    """The currency in Stripe's spelling; refuses what is none."""
    code = value.lower()
    if len(code) != 3 or not code.isalpha():
        raise invalid(f"Invalid currency: {value}. Stripe currently supports these currencies: usd, aed, …", param)
    return code


def check_amount(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse an amount that cannot be charged."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param, "parameter_invalid_integer")
    check_last_digit(amount, currency, param)
    least = MINIMUM.get(currency, USUAL_MINIMUM[decimals(currency)])
    if amount < least:
        raise invalid(f"Amount must be at least {shown(least, currency)}", param, "amount_too_small")
    if amount > LARGEST:
        raise invalid(f"Amount must be no more than {shown(LARGEST, currency)}", param, "amount_too_large")


def check_last_digit(amount: int, currency: str, param: str = "amount") -> None:
    """In a three-decimal currency the last digit is 0."""
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid(
            f"Invalid amount: {currency.upper()} amounts must be evenly divisible by 10, got {amount}.",
            param, "invalid_amount",
        )  # fmt: skip


def shown(amount: int, currency: str) -> str:
    """An amount for people: `€12.50`, `¥1200`, `KWD 5.120`."""
    places = decimals(currency)
    number = f"{Decimal(amount).scaleb(-places):.{places}f}"
    sign = SYMBOLS.get(currency)
    return f"{sign}{number}" if sign else f"{currency.upper()} {number}"
