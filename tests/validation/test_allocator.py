"""PyTorch's caching allocator as validation replays it: which segments it makes, keeps, gives back."""

import pytest

from validation.tracing.allocator import MIB, DoesNotFitError, least_card_bytes, replay


def come(*sizes_mib, first=1):
    return [(first + index, size * MIB) for index, size in enumerate(sizes_mib)]


def go(*numbers):
    return [(number, None) for number in numbers]


def test_segments_are_of_three_kinds():
    found = replay([(1, 100), (2, 5 * MIB), (3, 31 * MIB + 1)])

    # What is left of the largest is too little to be a block of its own.
    assert found.most_allocated_bytes == 512 + 5 * MIB + 32 * MIB
    assert found.reserved_bytes == 2 * MIB + 20 * MIB + 32 * MIB


def test_a_freed_block_serves_again_and_is_cut_to_size():
    found = replay([*come(100), *go(1), *come(40, 58, first=2)])

    assert found.reserved_bytes == 100 * MIB
    assert found.allocated_bytes == 98 * MIB


def test_neighbours_that_are_free_are_one_block():
    found = replay([*come(100), *go(1), *come(40, 60, first=2), *go(2, 3), *come(100, first=4)])

    assert found.reserved_bytes == 100 * MIB


def test_a_full_card_is_given_back_what_lies_free_as_a_whole():
    events = [*come(60), *go(1), *come(80, first=2)]

    assert replay(events).most_reserved_bytes == 140 * MIB
    found = replay(events, 100 * MIB)
    assert (found.release_count, found.reserved_bytes) == (1, 80 * MIB)


def test_a_segment_in_use_in_part_cannot_be_given_back():
    # 30 of 100 MiB stay in use: the 70 beside them are no help for 80.
    events = [*come(100), *go(1), *come(30, first=2), *come(80, first=3)]

    with pytest.raises(DoesNotFitError):
        replay(events, 170 * MIB)
    assert least_card_bytes(events, to_bytes=MIB) == pytest.approx(180 * MIB, abs=MIB)
