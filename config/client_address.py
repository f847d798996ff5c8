"""Who is asking: the address that limits count by."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_NETWORK_BITS = 64


def client_address(request: HttpRequest) -> str:
    """The visitor's address, as far as it can be trusted; empty where there is none.

    Each proxy appends whom it talked to to X-Forwarded-For, so only the last TRUSTED_PROXIES
    entries were written by proxies of ours. What stands before them, anybody can send.
    """
    address = request.META.get("REMOTE_ADDR", "")
    trusted_count = settings.TRUSTED_PROXIES
    if trusted_count:
        hops = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",")]
        if len(hops) >= trusted_count and _is_address(hops[-trusted_count]):
            return hops[-trusted_count]
    return address


def counted_as(request: HttpRequest) -> str:
    """The address to count by: of IPv6 the network, for one household has all of its addresses."""
    address = client_address(request)
    if not _is_address(address):
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_NETWORK_BITS), strict=False))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
