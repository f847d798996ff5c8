"""Fetches a file that an editor names, from the public internet alone.

An address can lead into the network that the site runs in (server-side request forgery): only https
on its own port is asked, the name is resolved once, every address that it resolves to has to be
public, and the connection goes to the address that was looked at. Nothing is followed elsewhere.
OWASP, “Server-Side Request Forgery Prevention”.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from urllib.parse import urlsplit

SECONDS = 20
_CHUNK_BYTES = 64 * 1024
# RFC 6052 and RFC 8215: any IPv4 address behind a translator.
_NAT64 = ipaddress.ip_network("64:ff9b::/32")


class Unfetchable(Exception):
    """Why a file cannot be had, in words."""


def fetch(address: str, *, most_bytes: int, seconds: float = SECONDS) -> bytes:
    """The file at an address.

    Raises:
        Unfetchable: the address is not public https, or nothing, too much or too slow an answer came.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise Unfetchable(f"“{address}” is no address that begins https://.")
    if parts.username or parts.password or parts.port not in (None, 443):
        raise Unfetchable("The address has a name, a password or a port in it: leave them out.")
    ends_at = time.monotonic() + seconds
    connection = _PublicConnection(parts.hostname, timeout=seconds)
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("GET", path, headers={"User-Agent": "vram-calculator price feed"})
        return _body(connection.getresponse(), most_bytes, ends_at)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise Unfetchable(f"{parts.hostname} did not answer: {error}.") from error
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse, most_bytes: int, ends_at: float) -> bytes:
    if 300 <= response.status < 400:
        to = response.headers.get("Location", "nowhere")
        raise Unfetchable(f"The address leads on to {to}: give that one, if it is right.")
    if response.status != 200:
        raise Unfetchable(f"The address answers with status {response.status}.")
    content = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        content += chunk
        if len(content) > most_bytes:
            raise Unfetchable(f"The file has more than {most_bytes:,} bytes.")
        if time.monotonic() > ends_at:
            raise Unfetchable("The file takes too long to come.")
    return bytes(content)


class _PublicConnection(http.client.HTTPSConnection):
    """A connection that goes to a public address, or nowhere."""

    def connect(self) -> None:
        address = public_address(self.host)
        raw = socket.create_connection((address, 443), timeout=self.timeout)
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(raw, server_hostname=self.host)


def public_address(host: str) -> str:
    """The first of a host's addresses, all of which have to be public.

    Raises:
        Unfetchable: one of them is in a private network, or there is none.
    """
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unfetchable(f"There is no {host}.") from error
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        if not _is_public(address):
            raise Unfetchable(f"{host} is in a private network: only public addresses are read.")
    if not addresses:
        raise Unfetchable(f"There is no {host}.")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in IPv6's clothes may be any: such ones are not asked at all.
        if address.sixtofour or address.teredo or address in _NAT64:
            return False
        if address.ipv4_mapped:
            return _is_public(str(address.ipv4_mapped))
    return address.is_global and not address.is_multicast
