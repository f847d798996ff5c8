"""The bound in bytes, and who goes first."""

from __future__ import annotations

import random

from config.finished.answers import BYTES_BESIDE_THE_BODY, Answer
from config.finished.store import Store


def answer(size_bytes: int) -> Answer:
    return Answer({}, "etag", {"br": bytes(size_bytes)})


def test_random_addresses_fill_no_memory_and_push_out_no_regular():
    store = Store(most_bytes=1_000_000)
    store.put("front page", answer(10_000))
    assert store.get("front page") is not None
    chance = random.Random(1)

    for number in range(20_000):
        store.put(("made up", number), answer(chance.randrange(20_000)))
        assert store.size_bytes <= 1_000_000

    assert store.get("front page") is not None
    assert store.get(("made up", 0)) is None
    assert store.get(("made up", 19_999)) is not None


def test_the_least_recently_asked_for_regular_goes_first():
    each = 10_000
    store = Store(most_bytes=10 * 2 * (each + BYTES_BESIDE_THE_BODY))
    for name in "abcdefghijkl":
        store.put(name, answer(each))
        store.get(name)
        store.get("a")

    kept = [name for name in "abcdefghijkl" if store.get(name)]

    assert "a" in kept
    assert "l" in kept
    assert "b" not in kept


def test_an_answer_larger_than_everything_goes_out_unkept():
    store = Store(most_bytes=1_000)
    store.put("large", answer(100_000))

    assert store.get("large") is None
    assert store.size_bytes == 0


def test_who_waited_for_one_that_failed_makes_it_himself():
    store = Store(most_bytes=1_000_000)
    turns = []
    try:
        with store.turn("page") as is_first:
            turns.append(is_first)
            raise RuntimeError
    except RuntimeError:
        pass
    with store.turn("page") as is_first:
        turns.append(is_first)

    assert turns == [True, True]
