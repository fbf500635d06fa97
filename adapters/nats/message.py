"""
A fact as a message: the stored row as a JSON array, its payloads embedded byte for byte.
"""

from datetime import datetime

import msgspec

from adapters.postgres.log.decoding import LogRow, fact_of
from domain.fact import Fact

POSITION = "Campus-Position"
PREVIOUS = "Campus-Previous"
MESSAGE_ID = "Nats-Msg-Id"

_Message = tuple[int, str, int, str, int, int, msgspec.Raw, msgspec.Raw, datetime, datetime]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Message).decode


def subject_of(campus: str, row: LogRow) -> str:
    """The subject of a stored fact: `log.CAMPUS.PARTITION.TYPE`."""
    return f"log.{campus}.{row[5]}.{row[3]}"


def encode_row(row: LogRow) -> bytes:
    """The message of a stored fact."""
    return _encode((*row[:6], msgspec.Raw(row[6]), msgspec.Raw(row[7]), row[8], row[9]))


def decode_fact(payload: bytes) -> Fact:
    """
    The fact in a message.

    Raises:
        msgspec.DecodeError: the message is not a stored fact.
    """
    return fact_of(_decode(payload))
