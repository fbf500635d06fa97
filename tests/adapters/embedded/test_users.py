"""Each process has a user of its own in NATS and in Valkey, for what it says, hears and keeps there."""

import socket
from typing import Any

import nats
import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from adapters.embedded.nats import USERS
from tests.support.polling import until
from tests.support.servers import Servers

FACTS, HINTS, CHANGES = "log.c.1.attempt.graded", "hint.c", "changes.c"
SAYS = {
    "api": (HINTS, "instances.c.leaving", "instances.c.found.1"),
    "gateway": ("$SRV.INFO.campuslog-c",),
    "relay": (FACTS, "$JS.API.STREAM.INFO.LOG_c"),
    "projector": (CHANGES,),
    "reactor": (HINTS,),
    "dispatcher": (HINTS,),
}
HEARS = {
    "api": (CHANGES, "$SRV.PING", "$SRV.INFO.campuslog-c", "$SRV.INFO.campuslog-c.1"),
    "gateway": ("instances.c.found.1", "instances.c.leaving"),
    "relay": (HINTS, "_INBOX.a.b", "_INBOX.>"),
    "projector": (HINTS,),
    "reactor": (HINTS,),
    "dispatcher": (HINTS,),
}
SUBJECTS = (
    *(FACTS, HINTS, CHANGES, "instances.c.leaving", "instances.c.found.1", "_INBOX.a.b", "other"),
    *("$SRV.INFO.campuslog-c", "$JS.API.STREAM.INFO.LOG_c", "$JS.API.STREAM.DELETE.LOG_c", "$JS.API.INFO"),
    *("$JS.API.CONSUMER.CREATE.LOG_c", "$JS.API.STREAM.MSG.DELETE.LOG_c", "$SYS.REQ.SERVER.PING"),
)
HEARD = (*SUBJECTS, "$SRV.PING", "$SRV.INFO.campuslog-c.1", ">", "log.>", "_INBOX.>")


async def test_a_user_says_and_hears_what_its_process_does(servers: Servers) -> None:
    """Each subject as each user: NATS refuses the others."""
    for user in (*USERS, "gateway"):
        refused: list[str] = []

        async def note(error: Exception, refused: list[str] = refused) -> None:
            refused.append(str(error).removeprefix("nats: permissions violation for "))

        client = await nats.connect(servers.nats.url(user), error_cb=note, allow_reconnect=False)
        expected = [f'publish to "{subject.lower()}"' for subject in SUBJECTS if subject not in SAYS[user]]
        expected += [f'subscription to "{subject.lower()}"' for subject in HEARD if subject not in HEARS[user]]
        try:
            for subject in SUBJECTS:
                await client.publish(subject, b"")
            for subject in HEARD:
                await client.subscribe(subject)
            await _until_as_many(refused, expected)
            await client.flush()
            assert (user, refused) == (user, expected)
        finally:
            await client.close()


async def _until_as_many(found: list[str], expected: list[str]) -> None:
    await until(lambda: len(found) >= len(expected))


@pytest.mark.parametrize("who", [b"", b'"user":"campus","pass":"of another"', b'"auth_token":"campus"'])
def test_without_a_password_nats_takes_no_one(servers: Servers, who: bytes) -> None:
    """Nor with that of another user."""
    with socket.create_connection(("127.0.0.1", servers.nats.port)) as connection, connection.makefile("rb") as said:
        assert said.readline().startswith(b"INFO ")
        connection.sendall(b"CONNECT {" + who + b"}\r\nPING\r\n")
        assert said.readline() == b"-ERR 'Authorization Violation'\r\n"


LEFT = "c:learner_dashboard:old"  # by older layouts
DOCUMENT, LIVE, FLOW = "c:learner_dashboard:1:0:courses", "c:learner_dashboard:live", "flows:c:LIMITER/x"
SERVER = (
    *("FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG GET *", "CONFIG SET dir /tmp", "SHUTDOWN NOSAVE"),
    *("ACL LIST", "ACL WHOAMI", "CLIENT LIST", "CLIENT KILL TYPE normal", "MONITOR", "SAVE", "BGREWRITEAOF", "INFO"),
    *("REPLICAOF NO ONE", "MODULE LIST", "SCRIPT FLUSH", "FUNCTION LIST", "SWAPDB 0 1", "PUBLISH a b", "SUBSCRIBE a"),
    *("EVAL return(redis.call('FLUSHALL')) 0", "SET other 1", f"RENAME {DOCUMENT} other", f"COPY {DOCUMENT} other"),
    *(f"DUMP {DOCUMENT}", f"RESTORE {DOCUMENT} 0 x", f"MIGRATE h 1 {DOCUMENT} 0 1", f"SORT {DOCUMENT}", "RANDOMKEY"),
)
WRITES = (f"HSET {DOCUMENT} a b", f"SET {LIVE} 1/1", f"UNLINK {DOCUMENT}", f"HDEL {DOCUMENT} a")
FLOWS = (f"SET {FLOW} 1", f"GET {FLOW}")
REFUSED = {
    "api": (*SERVER, *WRITES, "SCAN 0", f"EVAL return(redis.call('SET',KEYS[1],1)) 1 {LIVE}"),
    "projector": (
        *SERVER,
        *FLOWS,
        f"UNLINK {FLOW}",
        f"UNLINK {LEFT} {FLOW}",
        "UNLINK other",
        f"EVAL return(redis.call('GET',KEYS[1])) 1 {FLOW}",
    ),
    "auditor": (*SERVER, *WRITES, *FLOWS, "EVAL return(1) 0"),
}
DONE = {
    "api": (f"HGETALL {DOCUMENT}", f"GET {LIVE}", *FLOWS),
    "projector": (*WRITES, f"HGETALL {DOCUMENT}", f"UNLINK {LEFT} {DOCUMENT}", "UNLINK flow:x:old floor:x:old f:x:old"),
    "auditor": (f"HGETALL {DOCUMENT}", "SCAN 0"),
}


def test_a_user_of_valkey_does_what_its_process_does(servers: Servers) -> None:
    """Keys of others, and commands to the server, are refused."""
    could: list[Any] = []
    for user, commands in REFUSED.items():
        client: Any = Redis.from_url(servers.valkey.url(user))
        with client:
            for command in commands:
                try:
                    could.append((user, command, client.execute_command(*command.split(" "))))
                except RedisError as error:
                    if not isinstance(error, NoPermissionError) and "ACL failure" not in str(error):
                        could.append((user, command, error))
            for command in DONE[user]:
                client.execute_command(*command.split(" "))
    assert could == []
