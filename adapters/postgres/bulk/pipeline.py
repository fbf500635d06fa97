"""
A connection that sends a query before its result is needed.

It uses libpq directly: psycopg waits for the result of every statement before it returns.
"""

import select

import psycopg
from psycopg.pq import ConnStatus, ExecStatus

from adapters.postgres.bulk.ranges import PositionRange
from adapters.postgres.connection import PatientSyncConnection

BINARY = 1
TOO_MUCH = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.OutOfMemory, psycopg.errors.InternalError_)


class PipelinedReader:
    """
    Sends queries for ranges of the log and receives their results; not to be used again after an error.

    Attributes:
        asked: the range whose result is pending, if any.
    """

    def __init__(self, connection: PatientSyncConnection) -> None:
        self._connection = connection
        self._prepared: dict[str, bytes] = {}
        self.asked: PositionRange | None = None

    def close(self) -> None:
        """Close the connection, also while a result is pending."""
        self._connection.close()

    def send(self, span: PositionRange, query: str) -> None:
        """Send the query for a range, without waiting for the result."""
        pgconn = self._connection.pgconn
        if query not in self._prepared:
            name = b"page%d" % len(self._prepared)
            pgconn.send_prepare(name, query.encode())
            self._result()
            self._prepared[query] = name
        pgconn.send_query_prepared(self._prepared[query], _as_text(span), result_format=BINARY)
        self.asked = span

    def receive(self) -> list[bytes | None] | None:
        """The columns of the single row of the result; None if the server cannot build so large a row."""
        self.asked = None
        try:
            result = self._result()
        except TOO_MUCH:
            return None
        return [result.get_value(0, column) for column in range(result.nfields)]

    def _result(self) -> "psycopg.pq.abc.PGresult":
        pgconn = self._connection.pgconn
        self._wait()
        result = pgconn.get_result()
        while pgconn.get_result() is not None:
            pass
        if result is None or pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError("the connection is lost")
        if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            raise psycopg.errors.error_from_result(result)
        return result

    def _wait(self) -> None:
        """Wait until there is a result: `get_result` would wait for ever for a server that is stopped."""
        pgconn, patience = self._connection.pgconn, self._connection.patience
        silence = select.poll()
        silence.register(pgconn.socket, select.POLLIN)
        while pgconn.is_busy():
            if not silence.poll(None if patience is None else patience * 1_000):
                raise self._connection.given_up()
            pgconn.consume_input()


def _as_text(span: PositionRange) -> list[bytes]:
    return [str(value).replace("[", "{").replace("]", "}").encode() for value in span.parameters]
