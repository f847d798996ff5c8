"""How many bytes of a card a run may take: what the driver leaves of the memory as sold.

A card sold with 24 GB holds 24 GiB, of which the driver keeps a part. Where nobody has said what
nvidia-smi shows as the whole, the rule is the H100's: 81,559 of 81,920 MiB. It is met within
0.1 % by the other cards whose figure is known (docs/data.md): H200, B200, H100 NVL, RTX PRO 6000.
"""

from __future__ import annotations

MIB = 2**20
MIB_PER_GIB = 1_024
RULE_FRACTION = 81_559 / 81_920


def usable_bytes(memory_gb: int, stated_mib: int | None) -> int:
    """Bytes that one card has for a run, stated or by the rule."""
    if stated_mib is not None:
        return stated_mib * MIB
    return int(memory_gb * MIB_PER_GIB * RULE_FRACTION) * MIB
