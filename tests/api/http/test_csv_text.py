"""CSV as RFC 4180 has it, in which no text is a formula."""

import csv

import pytest

from api.http.csv_text import line


def test_what_is_written_is_read_back() -> None:
    """Text with separators, quotes and line ends, numbers, yes and no, and nothing."""
    written = line(['a "b", c', "two\r\nlines", 7, -7, True, False, None, ""])
    assert written == '"a ""b"", c","two\r\nlines",7,-7,true,false,,""\r\n'
    (read,) = csv.reader([written])
    assert read == ['a "b", c', "two\r\nlines", "7", "-7", "true", "false", "", ""]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_is_no_formula(first: str) -> None:
    """Whatever a spreadsheet takes for the beginning of one gets an apostrophe before it."""
    assert line([f"{first}1+1"]) == f'"\'{first}1+1"\r\n'
