"""How a process talks to PostgreSQL: a small pool of checked connections, and no endless waits."""

from __future__ import annotations

from typing import Any

from django.db import connections

# A request holds at most one connection, so a process needs one per thread of gunicorn.
CONNECTIONS_PER_PROCESS = 4
CONNECT_SECONDS = 3


def use_postgresql_pool(database: dict[str, Any], *, statement_timeout_seconds: int) -> None:
    """Complete an entry of `DATABASES` in place; options that its URL sets are kept.

    `statement_timeout_seconds` stops a statement that runs away; 0 lets each take its time, as a
    migration of a large table may have to.
    """
    # Django's pool keeps connections itself, and refuses to be combined with persistent ones.
    database["CONN_MAX_AGE"] = 0
    # After a restart of the database the first request gets a live connection, not an error.
    database["CONN_HEALTH_CHECKS"] = True
    database["OPTIONS"] = {
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c statement_timeout={statement_timeout_seconds * 1000}",
        **database.get("OPTIONS", {}),
        "pool": {
            "min_size": 1,
            "max_size": CONNECTIONS_PER_PROCESS,
            # How long a request waits for a connection before it goes on without.
            "timeout": CONNECT_SECONDS,
            # psycopg would wait twice as long before each try, up to minutes; giving up early
            # makes the next request try anew, so that the site is back as soon as the database.
            "reconnect_timeout": CONNECT_SECONDS,
        },
    }


def close_connections_and_pools() -> None:
    """Leave nothing for a forked process to inherit.

    SQLite's locks and PostgreSQL's protocol both break when two processes use one connection, and
    a pool's threads do not live on in the fork, which would wait for them for ever.
    """
    for connection in connections.all(initialized_only=True):
        connection.close()
        if close_pool := getattr(connection, "close_pool", None):
            close_pool()
