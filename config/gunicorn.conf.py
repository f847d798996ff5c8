"""gunicorn's settings; the environment names are gunicorn's and Heroku's own."""

import os
from pathlib import Path

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# The workers share the code's memory, and a broken setting stops the start instead of looping.
preload_app = True
# A request is an estimate over rows in memory: anything that takes longer is stuck.
timeout = 30
accesslog = None
# The workers' heartbeat is a file: on a slow disk a write to it can look like a stuck worker.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"
# Nothing here steers a running server through gunicornc, and two servers of one user would
# fight over the socket's one place.
control_socket_disable = True


def when_ready(server):
    """Work out once what each worker would work out again; forked workers share it."""
    from config.warm_up import warm_up

    warm_up()


def pre_fork(server, worker):
    """Leave no database connection open for the worker to inherit."""
    from config.postgresql import close_connections_and_pools

    close_connections_and_pools()
