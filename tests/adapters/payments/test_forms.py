"""Nested form parameters."""

import pytest

from adapters.payments.paysim.errors import StripeError
from adapters.payments.paysim.forms import Params, decode
from adapters.payments.paysim.money import shown


def test_brackets_nest_tables_and_lists() -> None:
    """As the SDK encodes them; metadata stays a table, whatever its keys are."""
    assert decode("a[b][0][c]=1&a[b][1][c]=2&expand[]=x&expand[]=y.z&metadata[0]=n&e=") == {
        "a": {"b": [{"c": "1"}, {"c": "2"}]}, "expand": ["x", "y.z"], "metadata": {"0": "n"}, "e": "",
    }  # fmt: skip


def test_a_name_cannot_be_a_value_and_a_table() -> None:
    """A contradiction is refused, not guessed."""
    with pytest.raises(StripeError):
        decode("a=1&a[b]=2")


def test_values_have_types() -> None:
    """A wrong type is refused with the full name of the parameter."""
    params = Params(decode("items[0][quantity]=two&confirm=yes"))
    with pytest.raises(StripeError) as integer:
        params.tables("items", "quantity")[0].integer("quantity")
    assert integer.value.fields["param"] == "items[0][quantity]"
    with pytest.raises(StripeError):
        params.flag("confirm")


@pytest.mark.parametrize(
    ("amount", "currency", "text"), [(1250, "eur", "€12.50"), (1200, "jpy", "¥1200"), (5120, "kwd", "KWD 5.120")]
)
def test_amounts_are_written_for_people(amount: int, currency: str, text: str) -> None:
    """With the decimals of the currency."""
    assert shown(amount, currency) == text
