"""Sizes that are not numbers yet: how many elements or bytes, as the batch and length vary."""

from __future__ import annotations

from typing import NamedTuple

_tuple = tuple.__new__


class Size(NamedTuple):
    """fixed + token·T + position·s + pair·T·s + position_pair·s² + sequence·T/s elements, or bytes.

    T is the micro-batch's number of tokens, s the sequence length: attention scores take T·s per
    head, a mask shared by the batch s², the state that a scan starts from one for each sequence.
    """

    fixed: float = 0.0
    token: float = 0.0
    position: float = 0.0
    pair: float = 0.0
    position_pair: float = 0.0
    sequence: float = 0.0

    # A new architecture's first estimate adds up a million sizes: these three go round the checks
    # of a named tuple's own way to make one, which take longer than the sums.

    def times(self, factor: float) -> Size:
        a, b, c, d, e, f = self
        return _tuple(
            Size, (a * factor, b * factor, c * factor, d * factor, e * factor, f * factor)
        )

    def plus(self, other: Size) -> Size:
        a, b, c, d, e, f = self
        k, m, n, p, q, r = other
        return _tuple(Size, (a + k, b + m, c + n, d + p, e + q, f + r))

    def minus(self, other: Size) -> Size:
        a, b, c, d, e, f = self
        k, m, n, p, q, r = other
        return _tuple(Size, (a - k, b - m, c - n, d - p, e - q, f - r))

    def at(self, token_count: int, sequence_length: int) -> float:
        """The number that this is for so many tokens in sequences of that length."""
        return (
            self.fixed
            + token_count * (self.token + self.pair * sequence_length)
            + sequence_length * (self.position + self.position_pair * sequence_length)
            + token_count * self.sequence / sequence_length
        )

    def covers(self, other: Size) -> bool:
        """Whether this is at least the other for every batch and length."""
        a, b, c, d, e, f = self
        k, m, n, p, q, r = other
        return a >= k and b >= m and c >= n and d >= p and e >= q and f >= r


NOTHING = Size()


def per_token(count: float) -> Size:
    return Size(token=count)


def fixed(count: float) -> Size:
    return Size(fixed=count)
