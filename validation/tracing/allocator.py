"""PyTorch's caching allocator over a list of allocations, on a card of any size.

Source: c10/cuda/CUDACachingAllocator.cpp of PyTorch 2.13: `round_size`, `get_allocation_size`,
`should_split`, `try_merge_blocks` and `release_cached_blocks`, with their default settings and one
stream. The time until a block may be used again is left out, as there is one stream.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MIB = 2**20
BLOCK_BYTES = 512
SMALL_BYTES = MIB  # up to this, blocks come out of segments of their own kind
SMALL_SEGMENT_BYTES = 2 * MIB
MIDDLE_BYTES = 10 * MIB  # below this, a segment is 20 MiB; from there on as large as the block
MIDDLE_SEGMENT_BYTES = 20 * MIB
SEGMENT_ROUNDING_BYTES = 2 * MIB

Event = tuple[int, int | None]
"""A number of a tensor, and its bytes when it comes or None when it goes."""


class DoesNotFitError(Exception):
    """An allocation for which the card has no room, after all that is cached was given back."""


@dataclass(eq=False, slots=True)
class Block:
    """A part of a segment. Free ones are merged with free neighbours."""

    segment: int
    offset: int
    size_bytes: int
    is_free: bool = True
    before: Block | None = None
    after: Block | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        """The smallest block that is large enough is taken, of those the lowest address."""
        return self.size_bytes, self.segment, self.offset


class Allocator:
    """reserved_bytes: of all segments. allocated_bytes: of the blocks in use."""

    def __init__(self, card_bytes: int | None = None) -> None:
        self.card_bytes = card_bytes
        self.reserved_bytes = self.most_reserved_bytes = 0
        self.allocated_bytes = self.most_allocated_bytes = 0
        self.release_count = 0
        self._segment_count = 0
        self._free: dict[bool, list[tuple[tuple[int, int, int], Block]]] = {True: [], False: []}

    def allocate(self, size_bytes: int) -> Block:
        """A block for so many bytes.

        Raises:
            DoesNotFitError: the card has no room for another segment.
        """
        size = max(BLOCK_BYTES, -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES)
        is_small = size <= SMALL_BYTES
        free = self._free[is_small]
        index = bisect.bisect_left(free, ((size, 0, 0),))
        block = free.pop(index)[1] if index < len(free) else self._new_segment(size)
        rest = block.size_bytes - size
        if rest >= BLOCK_BYTES if is_small else rest > SMALL_BYTES:
            left = Block(block.segment, block.offset + size, rest, before=block, after=block.after)
            if block.after is not None:
                block.after.before = left
            block.after, block.size_bytes = left, size
            self._put(left, is_small=is_small)
        block.is_free = False
        self.allocated_bytes += block.size_bytes
        self.most_allocated_bytes = max(self.most_allocated_bytes, self.allocated_bytes)
        return block

    def free(self, block: Block, *, is_small: bool) -> None:
        """Give a block back; is_small: of the pool that it came from."""
        self.allocated_bytes -= block.size_bytes
        block.is_free = True
        after = block.after
        if after is not None and after.is_free:
            self._take(after, is_small=is_small)
            _join(block, after)
        before = block.before
        if before is not None and before.is_free:
            self._take(before, is_small=is_small)
            _join(before, block)
            block = before
        self._put(block, is_small=is_small)

    def _new_segment(self, size: int) -> Block:
        if size <= SMALL_BYTES:
            segment = SMALL_SEGMENT_BYTES
        elif size < MIDDLE_BYTES:
            segment = MIDDLE_SEGMENT_BYTES
        else:
            segment = -(-size // SEGMENT_ROUNDING_BYTES) * SEGMENT_ROUNDING_BYTES
        if self.card_bytes is not None and self.reserved_bytes + segment > self.card_bytes:
            self._release()
            if self.reserved_bytes + segment > self.card_bytes:
                raise DoesNotFitError
        self.reserved_bytes += segment
        self.most_reserved_bytes = max(self.most_reserved_bytes, self.reserved_bytes)
        self._segment_count += 1
        return Block(self._segment_count, 0, segment)

    def _release(self) -> None:
        """Give the segments back of which no part is in use."""
        self.release_count += 1
        for pool, free in self._free.items():
            kept = []
            for order, block in free:
                if block.before is None and block.after is None:
                    self.reserved_bytes -= block.size_bytes
                else:
                    kept.append((order, block))
            self._free[pool] = kept

    def _put(self, block: Block, *, is_small: bool) -> None:
        bisect.insort(self._free[is_small], (block.order, block), key=lambda item: item[0])

    def _take(self, block: Block, *, is_small: bool) -> None:
        free = self._free[is_small]
        free.pop(bisect.bisect_left(free, block.order, key=lambda item: item[0]))


def _join(block: Block, after: Block) -> None:
    block.size_bytes += after.size_bytes
    block.after = after.after
    if after.after is not None:
        after.after.before = block


def replay(events: Iterable[Event], card_bytes: int | None = None) -> Allocator:
    """Run the allocations on a card with so many bytes, without end if None.

    Raises:
        DoesNotFitError: they do not all fit.
    """
    allocator = Allocator(card_bytes)
    live: dict[int, tuple[Block, bool]] = {}
    for number, size_bytes in events:
        if size_bytes is None:
            block, is_small = live.pop(number)
            allocator.free(block, is_small=is_small)
        else:
            live[number] = allocator.allocate(size_bytes), size_bytes <= SMALL_BYTES
    return allocator


def least_card_bytes(events: Sequence[Event], *, to_bytes: int = 64 * MIB) -> int:
    """The smallest card on which the allocations fit, found by halving."""
    free = replay(events)
    low, high = free.most_allocated_bytes, free.most_reserved_bytes
    while high - low > to_bytes:
        middle = (low + high) // 2
        try:
            replay(events, middle)
        except DoesNotFitError:
            low = middle
        else:
            high = middle
    return high
