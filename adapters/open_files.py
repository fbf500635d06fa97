"""
How many connections one process of the API holds: as many as the system lets it open files for, and no more.

The server stops to accept when it holds `connections()`; a stream of events keeps one for hours, a request for moments.
So streams have a limit of their own below, and what is left is for requests: they find a place however many streams
there are. What is silent loses its place after `SILENCE`.
"""

import resource

from adapters.settings import Settings

SPARE = 256  # files that are no connections of clients: servers, logs, libraries
FOR_REQUESTS = 8_192  # connections beside the streams, where there are files for them
SILENCE = 15.0  # seconds that a client may say nothing: before a request, in its head, between two requests
SLOWEST_BODY = 30.0  # seconds for the body of a request


def raise_limit() -> int:
    """Let this process and its children open as many files as the system allows; how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections(settings: Settings) -> int:
    """How many connections a process of the API accepts."""
    return min(settings.api_streams + FOR_REQUESTS, _limit() - SPARE)


def streams(settings: Settings) -> int:
    """How many of them may be streams of events: what the setting says, or half of what the files allow."""
    return min(settings.api_streams, max(connections(settings) // 2, connections(settings) - FOR_REQUESTS))


def _limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
