"""Statements out, results back as they happen: one pipelined stream to the server.

Every step travels as its own extended-protocol query, followed by a flush request where somebody
waits for its result; one Sync ends the pipeline. The server never waits for the client, and after
the first error it skips everything up to the Sync, a later BEGIN included: the run stops itself
(https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING). Before a step
that a pipeline forbids, such as COPY, the pipeline ends; the step runs alone, as psql would run it,
and the next step begins a new pipeline.
"""

import contextlib
import select
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import psycopg
from psycopg import pq
from psycopg.pq import ExecStatus

from schemamig_tui.engine.events import Notice
from schemamig_tui.engine.pipeline.cancellation import CANCEL_EVERY, Cancellation, Canceller
from schemamig_tui.engine.pipeline.deadline import cut, sending_ahead
from schemamig_tui.engine.pipeline.loss import CancelUnconfirmed
from schemamig_tui.engine.pipeline.notices import notice_of
from schemamig_tui.engine.pipeline.step import Arrival, Role, Step
from schemamig_tui.errors import SchemamigError

# How much may be under way: enough to fill a line with a long delay, little enough for the memory.
MAX_STEPS = 4096
MAX_BYTES = 1 << 20
# How many steps may be sent before what has arrived meanwhile is looked at.
STEPS_PER_TURN = 32
# With so many steps on their way the server is busy for longer than a nap of so many seconds, and
# we need not wake up, and keep it from its work, for every single result.
PLENTY = 256
NAP = 0.001
_COPYING = frozenset((ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH))
_GOOD = frozenset((ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY))


class Crash(NamedTuple):
    """The step that failed, and what the server said of it."""

    step: Step
    result: pq.abc.PGresult


class Pipeline:
    """Runs steps on one connection, which must be in autocommit mode.

    ``on_done`` is called with every step that succeeded, its command tag and the time of its
    result, ``on_notice`` with every notice and the step it belongs to, both in the order of the
    server's work. ``cancel`` is called, in a thread of its own, to ask the server to give up, and
    again until the server has.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        cancellation: Cancellation,
        *,
        on_done: Callable[[Step, str, Arrival], None],
        on_notice: Callable[[Step, Notice], None],
        cancel: Callable[[], None],
    ) -> None:
        self._conn = conn
        self._pg = conn.pgconn
        self._cancellation = cancellation
        self._on_done = on_done
        self._on_notice = on_notice
        self._answered = _answer
        self._canceller = Canceller(cancel)
        self._waiting: deque[Step] = deque()
        self._bytes = 0
        self._since_turn = 0
        self._silent_since: float | None = None
        self._arrived = time.perf_counter()
        self._given_up: str | None = None
        self._piped = self._ending = False
        self.crash: Crash | None = None
        self._alone: Step | None = None
        self._last: Step | None = None
        self._tag = ""
        self._notices: list[Notice] = []
        self._poll = select.poll()
        self._poll.register(self._pg.socket, select.POLLIN)
        self._poll.register(cancellation, select.POLLIN)
        # psycopg logs and drops what a handler raises; so the handler only collects.
        self._pg.notice_handler = self._collect_notice

    @property
    def running(self) -> Step | None:
        """The step that the server is at, for other threads; None: at none, or one has failed.

        Steps without ``prompt`` are our own, and quick: the next one that has it counts instead.
        """
        if self.crash:
            return None
        # A tuple copies the deque in one go: the run's own thread changes it meanwhile.
        return next((step for step in tuple(self._waiting) if step.prompt), self._alone)

    @property
    def silent_s(self) -> float:
        """For how many seconds the pipeline has waited for a word of the server, for other threads.

        0.0 while it does not wait: time that we spend ourselves is no silence of the server.
        """
        since = self._silent_since
        return 0.0 if since is None else time.monotonic() - since

    def give_up(self, reason: str) -> None:
        """Have ``run``, in its own thread, raise that the connection is lost for this reason."""
        self._given_up = reason
        cut(self._conn)

    def push(self) -> None:
        """Send what is buffered, so that the server works while the next step is being made."""
        self._pg.flush()

    def run(self, steps: Iterable[Step]) -> Crash | None:
        """Run the steps up to the first that fails, or up to the cancellation.

        Returns the failure, or None when every step that was sent has succeeded. Raises
        psycopg.OperationalError when the connection is lost, CancelUnconfirmed where the server has
        not confirmed a cancellation in time, and whatever the callbacks and ``steps`` raise. In any
        case the pipeline is left then, but a transaction may still be open.
        """
        with sending_ahead(self._pg):
            return self._run(steps)

    def _run(self, steps: Iterable[Step]) -> Crash | None:
        self.crash = None
        source = iter(steps)
        ended_early: SchemamigError | None = None
        try:
            while not self._ended:
                try:
                    step = next(source, None)
                except SchemamigError as error:
                    # The steps have come to an end early; what is on its way still counts.
                    ended_early = error
                    break
                if step is None or self._cancellation.requested:
                    break
                self._do(step)
            self._sync()
        except psycopg.OperationalError as error:
            self._waiting.clear()
            if self._given_up:
                raise psycopg.OperationalError(self._given_up) from error
            raise
        except BaseException:
            self._abandon()
            raise
        self._canceller.finish()
        if ended_early:
            raise ended_early
        return self.crash

    def _do(self, step: Step) -> None:
        if not step.alone:
            self._send(step)
            if step.awaited:
                self._sync()
            return
        self._sync()
        if not self._ended:
            self._alone = step
            try:
                self._run_alone(step)
            finally:
                self._alone = None
            if self.crash is None:
                self._on_done(step, self._tag, Arrival(self._arrived))

    @property
    def _ended(self) -> bool:
        return self.crash is not None or self._cancellation.requested

    # -- the pipeline

    def _send(self, step: Step) -> None:
        pg = self._pg
        if not self._piped:
            pg.enter_pipeline_mode()
            self._piped = True
        pg.send_query_params(step.sql, step.params, param_types=step.types)
        if step.prompt and not step.together:
            pg.send_flush_request()
        if not self._waiting:
            self._stream_rows(step)
        self._waiting.append(step)
        self._bytes += len(step.sql)
        self._since_turn += 1
        if len(self._waiting) >= MAX_STEPS or self._bytes >= MAX_BYTES:
            pg.send_flush_request()
            while len(self._waiting) > MAX_STEPS // 2 or self._bytes > MAX_BYTES // 2:
                self._turn()
        elif self._since_turn >= STEPS_PER_TURN:
            self._turn(block=False)

    def _sync(self) -> None:
        """End the pipeline with a Sync, and wait for everything that is on its way."""
        if not self._piped:
            return
        if not self._ending:
            self._pg.pipeline_sync()
            self._ending = True
        while self._piped:
            self._turn()

    def _abandon(self) -> None:
        """Leave the pipeline after an exception; no callback gets the results that still arrive."""
        self._on_done = lambda step, tag, arrival: None
        self._on_notice = lambda step, notice: None
        self._answered = lambda step, result: None
        if self._pg.status == pq.ConnStatus.OK:
            self._sync()

    def _collect(self) -> bool:
        """Take in every result that has arrived, without waiting; returns whether there was one."""
        pg = self._pg
        some = False
        while self._piped:
            busy = pg.is_busy()
            self._report_notices()
            if busy:
                return some
            result = pg.get_result()
            some = True
            if result is None:
                if not self._waiting:
                    return some
                step = self._waiting.popleft()
                if self._waiting:
                    self._stream_rows(self._waiting[0])
                self._finish(step)
            elif result.status == ExecStatus.PIPELINE_SYNC:
                pg.exit_pipeline_mode()
                self._piped = self._ending = False
            else:
                self._note(self._waiting[0], result)
        return some

    def _finish(self, step: Step) -> None:
        self._bytes -= len(step.sql)
        self._last = step
        if self.crash is None:
            self._on_done(step, self._tag, Arrival(self._arrived, self._is_with_next(step)))

    def _is_with_next(self, step: Step) -> bool:
        """Whether ``step`` and the next one are statements, and both results have arrived."""
        if step.role is not Role.STATEMENT or not self._waiting:
            return False
        return self._waiting[0].role is Role.STATEMENT and not self._pg.is_busy()

    def _stream_rows(self, step: Step) -> None:
        """Take rows one by one, so that a big SELECT in a file is never held in memory."""
        if step.role is Role.STATEMENT and self.crash is None:
            self._pg.set_single_row_mode()

    def _note(self, step: Step, result: pq.abc.PGresult) -> None:
        in_any_case = step.awaited or step.role is Role.BATCH
        if step.answer and (result.ntuples or (in_any_case and result.status in _GOOD)):
            # After a COPY libpq may still be in single-row mode: then the row is a result of its
            # own.
            self._answered(step, result)
        if result.status in _GOOD:
            self._tag = (result.command_status or b"").decode("ascii", "replace")
        elif result.status == ExecStatus.FATAL_ERROR:
            self.crash = self.crash or Crash(step, result)
        elif result.status in _COPYING:
            # libpq cannot leave this state in a pipeline.
            raise psycopg.OperationalError("a COPY has begun that nobody knows of")

    def _collect_notice(self, result: pq.abc.PGresult) -> None:
        step = self._step_of_notices
        # The server only says at the end of a pipeline that the encoding is another one.
        encoding = step and self._piped and (step.encoding or "utf-8")
        self._notices.append(notice_of(result, encoding or self._conn.info.encoding))

    @property
    def _step_of_notices(self) -> Step | None:
        return self._waiting[0] if self._waiting else self._last

    def _report_notices(self) -> None:
        if self._notices:
            step = self._step_of_notices
            notices = self._notices[:]
            self._notices.clear()
            if step is not None:
                for message in notices:
                    self._on_notice(step, message)

    # -- one step without a pipeline

    def _run_alone(self, step: Step) -> None:
        pg = self._pg
        self._last = step
        unread_data: BaseException | None = None
        pg.send_query(step.sql)
        pg.set_single_row_mode()
        while True:
            while pg.is_busy():
                self._report_notices()
                self._turn()
            self._report_notices()
            result = pg.get_result()
            if result is None:
                break
            if result.status == ExecStatus.COPY_IN:
                unread_data = self._feed(step)
            elif result.status == ExecStatus.COPY_OUT:
                self._drain()
            else:
                self._note(step, result)
        if unread_data:
            raise unread_data

    def _feed(self, step: Step) -> BaseException | None:
        """Send the data of a COPY. Returns the error that kept us from reading it to its end."""
        pg = self._pg
        try:
            for chunk in step.copy_data() if step.copy_data else ():
                pg.put_copy_data(chunk)
                while pg.flush():
                    self._wait(unsent=True)
                if self._cancellation.requested:
                    pg.put_copy_end(b"cancelled by the user")
                    break
            else:
                pg.put_copy_end()
        except psycopg.OperationalError:
            # The server has refused the data meanwhile: the next result says why.
            if pg.status != pq.ConnStatus.OK:
                raise
        except BaseException as error:
            pg.put_copy_end(b"the data could not be read")
            return error
        return None

    def _drain(self) -> None:
        """Drop the data of a COPY TO STDOUT, as there is nobody to show it to."""
        while True:
            size, _ = self._pg.get_copy_data(1)
            if size < 0:
                return
            if size == 0:
                self._turn()

    # -- waiting

    def _turn(self, *, block: bool = True) -> None:
        """Send what is buffered and take in what has arrived; ``block`` until something has."""
        pg = self._pg
        self._since_turn = 0
        unsent = bool(pg.flush())
        if self._piped and self._collect():
            return
        if block and len(self._waiting) >= PLENTY:
            time.sleep(NAP)
        self._wait(unsent=unsent, block=block)
        if self._piped:
            self._collect()

    def _wait(self, *, unsent: bool, block: bool = True) -> None:
        """Wait until the server says something, or, with ``unsent``, takes more of what we send."""
        pg = self._pg
        timeout: float | None = None if block else 0
        if self._cancellation.requested:
            self._ask_to_cancel()
            timeout = CANCEL_EVERY * 1000 if block else 0
        self._poll.modify(pg.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        self._silent_since = time.monotonic()
        ready = self._poll.poll(timeout)
        self._silent_since = None
        for fd, events in ready:
            if fd == self._cancellation.fileno():
                self._poll.unregister(fd)
            elif events & ~select.POLLOUT:
                pg.consume_input()
                self._arrived = time.perf_counter()

    def _ask_to_cancel(self) -> None:
        try:
            self._canceller.ask()
        except CancelUnconfirmed:
            # libpq has to notice that the connection is cut, so that nobody waits on it any more.
            cut(self._conn)
            with contextlib.suppress(psycopg.OperationalError):
                self._pg.consume_input()
            raise


def _answer(step: Step, result: pq.abc.PGresult) -> None:
    if step.answer:
        step.answer(result)
