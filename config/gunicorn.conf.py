"""gunicorn's settings; the environment names are gunicorn's and Heroku's own."""

import gc
import os
import shutil
from pathlib import Path

from config.logs import logging_config
from config.metrics_folder import empty_metrics_folder, make_metrics_folder

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
worker_class = "config.waiting_worker.WaitingWorker"
# The workers share the code's memory, and a broken setting stops the start instead of looping.
preload_app = True
# A request is an estimate over rows in memory: anything that takes longer is stuck.
timeout = 30
accesslog = None
logconfig_dict = logging_config(as_json=os.environ.get("DJANGO_ENV") == "production")
# The workers' heartbeat is a file: on a slow disk a write to it can look like a stuck worker.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"
# Nothing here steers a running server through gunicornc, and two servers of one user would
# fight over the socket's one place.
control_socket_disable = True

# The processes' counts for /metrics. prometheus-client looks for the name when it is imported,
# which is before any of the functions below is called.
own_metrics_folder = None
if os.environ.get("PROMETHEUS_MULTIPROC_DIR", "") == "":
    own_metrics_folder = make_metrics_folder()
    raw_env = [f"PROMETHEUS_MULTIPROC_DIR={own_metrics_folder}"]
else:
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)


def on_starting(server):
    """Say in words that the port is taken; begin to count at nothing."""
    from config.port import stop_unless_free

    try:
        for address in server.cfg.address:
            if isinstance(address, tuple):
                stop_unless_free(*address[:2])
    except SystemExit:
        on_exit(server)
        raise
    empty_metrics_folder(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))


def when_ready(server):
    """Work out once what each worker would work out again; forked workers share it.

    What is there by then stays: frozen, the garbage collector no longer walks over it, which takes
    a twentieth of a cold page's time, nor writes to memory that the workers share.
    """
    from config.warm_up import warm_up

    # What is made here stays: to walk over it ever again meanwhile is a fifth of the time.
    gc.set_threshold(20_000, 50, 1_000)
    warm_up()
    gc.collect()
    gc.freeze()
    # A cold page makes some 20,000 objects and leaves hardly a cycle: looked for after every 700
    # of them, as Python does by itself, cycles cost a twentieth of the page and more.
    gc.set_threshold(10_000, 10, 10)


def pre_fork(server, worker):
    """Leave no database connection open for the worker to inherit."""
    from config.postgresql import close_connections_and_pools

    close_connections_and_pools()


def child_exit(server, worker):
    """Forget what only a living worker says; what it counted stays counted."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    if own_metrics_folder is not None:
        shutil.rmtree(own_metrics_folder, ignore_errors=True)
