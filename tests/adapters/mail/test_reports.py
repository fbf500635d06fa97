"""What mail servers report: read for the few fields that count, whatever else it says."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.mail.reports import NoReport, Report, report_of
from domain.notification import Failure
from tests.support.mail_reports import RETURN, delivery, feedback

ABOUT = (1713, "abcdefghij234567")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        *((each, Failure.BOUNCED) for each in ("5.1.1", "5.1.10", "5.2.1", "5.4.4")),
        *((each, None) for each in ("5.2.2", "5.7.1", "5.6.0", "4.4.7", "4.1.1")),
    ],
)
def test_a_mail_came_back(status: str, failure: Failure | None) -> None:
    """Only what is said of the mailbox stops the address; a full one, and what is said of the content, pass."""
    assert report_of(delivery(status)) == Report(failure, status, *ABOUT)


def test_a_delay_passes() -> None:
    """Though its status is one of a mailbox that is not there."""
    assert report_of(delivery("5.1.1", "delayed")).failure is None


def test_the_return_address_stands_in_one_of_several_places() -> None:
    """In the head of the report, in upper case, or in the head of the mail that is sent back."""
    for to in (f"<{RETURN}>", RETURN.upper(), f"Bounces <{RETURN}>"):
        assert report_of(delivery(to=to))[2:] == ABOUT
    assert report_of(delivery(to="postmaster@campus.test", returned=RETURN))[2:] == ABOUT


@pytest.mark.parametrize(
    ("kind", "failure", "status"),
    [("abuse", Failure.COMPLAINED, "abuse"), ("not-spam", None, "not-spam"), ("<b>what</b>", None, "unknown")],
)
def test_a_reader_complains(kind: str, failure: Failure | None, status: str) -> None:
    """One who says that it is no spam does not, and what is no type that is known is kept nowhere."""
    assert report_of(feedback(kind)) == Report(failure, status, *ABOUT)


def test_what_is_no_report() -> None:
    """A mail without a return address, one with nothing but that, and one that is too large."""
    for content in (
        delivery(to="postmaster@campus.test"),
        f"To: {RETURN}\r\nSubject: hello\r\n\r\nI am away.\r\n".encode(),
        b"To: " + RETURN.encode() + b"\r\n\r\n" + b"x" * 11_000_000,
        b"",
    ):
        with pytest.raises(NoReport):
            report_of(content)


@given(st.binary(max_size=2_000), st.integers(0, 1_500), st.integers(0, 200))
@example(b"\x80", 576, 0)  # in a field of the report
def test_whatever_comes_is_a_report_or_none(noise: bytes, at: int, cut: int) -> None:
    """A report that is cut, or has anything in it, fails nothing."""
    whole = delivery()
    for content in (noise, whole[:at] + noise + whole[at + cut :]):
        try:
            report_of(content)
        except NoReport:
            continue
