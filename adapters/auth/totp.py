"""Codes of an authenticator app: six digits of HMAC-SHA-1 over the number of the 30-second period (RFC 6238)."""

import hmac
import io
from datetime import datetime

import pyotp
import segno

PERIOD = 30  # seconds
DRIFT = 1  # periods by which a clock may be wrong, to either side
DIGITS = 6


def new_secret() -> str:
    """160 random bits, in base32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The period to which a code belongs; None if it is of none near *now*."""
    present, found = int(now.timestamp()) // PERIOD, None
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD)
    for step in range(present - DRIFT, present + DRIFT + 1):  # all of them, so that the time says nothing
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def code_at(secret: str, now: datetime) -> tuple[str, int]:
    """The code that an app with this secret shows at a time, and for how many seconds more."""
    seconds = int(now.timestamp())
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).at(seconds), PERIOD - seconds % PERIOD


def uri_of(secret: str, account: str, issuer: str) -> str:
    """What the app reads: `otpauth://totp/…`."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).provisioning_uri(name=account, issuer_name=issuer)


def picture_of(uri: str) -> str:
    """The address as a QR code, in SVG, for `img` with `data:`."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", scale=5, border=4, xmldecl=False, light="#ffffff")
    return out.getvalue().decode()
