"""gunicorn's threaded worker, without a thread for connections that say nothing."""

from __future__ import annotations

from concurrent.futures import Future

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker


class WaitingWorker(ThreadWorker):
    """Waits for a new connection's first bytes in its event loop.

    ThreadWorker lets a thread wait for them, up to five seconds: fifty connections that only
    stand open then keep eight threads busy for half a minute. What it does after those five
    seconds is done at once here.
    """

    def enqueue_req(self, conn: TConn) -> None:
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        said_nothing_yet: Future[object] = Future()
        said_nothing_yet.set_result(_DEFER)
        self.finish_request(conn, said_nothing_yet)
