"""A word about a port that cannot be had, before gunicorn tries five times in its own words."""

from __future__ import annotations

import errno
import os
import socket
import sys

# Sockets that were handed over by systemd, or by the server that this one replaces.
HANDED_OVER = {"LISTEN_FDS", "GUNICORN_FD"}


def stop_unless_free(host: str, port: int) -> None:
    """Exit with a sentence if the port is taken, or not this user's to take."""
    if HANDED_OVER & os.environ.keys():
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reasons = {
                errno.EADDRINUSE: "is taken by another program",
                errno.EACCES: "may only be taken by root",
            }
            if error.errno not in reasons:
                raise
            other = port + 1 if port >= 1024 else 8000
            sys.exit(
                f"Port {port} on {host} {reasons[error.errno]}."
                f" Choose another one: PORT={other} make run"
            )
