"""What other contexts may know of clients: which ids are theirs."""

from domain.clients import client_stream


def must_be_client(client_id: str) -> None:
    """Refuse an id that is none of a client, such as that of a person; raises BadClientId."""
    client_stream(client_id)
