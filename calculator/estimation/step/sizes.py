"""Sizes that are not numbers yet: how many elements or bytes, as the batch and length vary."""

from __future__ import annotations

from typing import NamedTuple


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

    def times(self, factor: float) -> Size:
        return Size(
            self.fixed * factor,
            self.token * factor,
            self.position * factor,
            self.pair * factor,
            self.position_pair * factor,
            self.sequence * factor,
        )

    def plus(self, other: Size) -> Size:
        return Size(
            self.fixed + other.fixed,
            self.token + other.token,
            self.position + other.position,
            self.pair + other.pair,
            self.position_pair + other.position_pair,
            self.sequence + other.sequence,
        )

    def minus(self, other: Size) -> Size:
        return self.plus(other.times(-1.0))

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
        return (
            self.fixed >= other.fixed
            and self.token >= other.token
            and self.position >= other.position
            and self.pair >= other.pair
            and self.position_pair >= other.position_pair
            and self.sequence >= other.sequence
        )


NOTHING = Size()


def per_token(count: float) -> Size:
    return Size(token=count)


def fixed(count: float) -> Size:
    return Size(fixed=count)
