"""The headers that name and sign a message, as Standard Webhooks has them."""

from datetime import datetime

from standardwebhooks import Webhook as Signer


def headers_of(secrets_: list[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that name and sign a message; *at*: when it is sent, by the clock of the machine."""
    signatures = [Signer(each).sign(message_id, at, body.decode()) for each in secrets_]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
