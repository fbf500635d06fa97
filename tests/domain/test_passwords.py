"""What a password has to be."""

import pytest

from domain.passwords import SHORTEST_OF_STAFF, BadPassword, beside, check_password


@pytest.mark.parametrize(
    ("password", "is_known", "why"),
    [
        ("short", False, "10 characters"),
        ("ninechars", False, "10 characters"),
        ("correct horse", True, "tried first"),
        ("aaaaaaaaaaaaaa", False, "tried first"),
        ("Ada.Lovelace@Example.org", False, "address"),
        ("ada.lovelaceADA.LOVELACE", False, "address"),
    ],
)
def test_what_would_be_guessed_is_refused(password: str, *, is_known: bool, why: str) -> None:
    """The sentence says why, and does not have the password."""
    with pytest.raises(BadPassword, match=why) as refused:
        check_password(password, address="ada.lovelace@example.org", is_known=is_known)
    assert password not in str(refused.value)


def test_the_staff_need_longer_ones() -> None:
    """Twelve characters."""
    check_password("elevenchars", address="ada@example.org", is_known=False)
    with pytest.raises(BadPassword, match="12 characters"):
        check_password("elevenchars", address="ada@example.org", is_known=False, least=SHORTEST_OF_STAFF)


WORDS = ("campuslog", "demo", "Open University, Milton Keynes", "Ada Lovelace")


@pytest.mark.parametrize(
    "password",
    [
        "Campuslog2026",
        "CAMPUSLOG-campuslog-1",
        "OpenUniversity!!",
        "milton.keynes.1",
        "lovelace_1990",
        "demodemodemo",
        "example.org12",
        "\uff23\uff41\uff4d\uff50\uff55\uff53\uff4c\uff4f\uff47 \uff11\uff12\uff13",  # in wide letters
    ],
)
def test_words_of_the_campus_and_of_the_person_are_no_password(password: str) -> None:
    """With some digits around them, in any form; what has enough beside them is taken."""
    with pytest.raises(BadPassword, match="belong to you or to this campus") as refused:
        check_password(password, address="ada@example.org", is_known=False, words=WORDS)
    assert password not in str(refused.value)
    check_password(f"{password} grey heron", address="ada@example.org", is_known=False, words=WORDS)
    assert beside("seven green herons", WORDS) == "seven green herons"


@pytest.mark.parametrize("password", ["seven green herons", "пароль-из-слов", "１０文字以上のパスワード", "x7" * 128])
def test_any_script_and_any_words_are_taken(password: str) -> None:
    """No rule asks for digits or capitals: length counts."""
    check_password(password, address="ada@example.org", is_known=False)
