"""Figures as bars on one scale from 0, with a line where the measured figure is."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.explaining import FigureRange

# Of the width; the rest is room beside the longest bar.
LONGEST_PERCENT = 96.0


@dataclass(frozen=True, slots=True)
class BarView:
    """In percent of the width: where a figure's range begins and how wide it is, the likely
    figure, and the measured one."""

    low: str
    range: str
    likely: str
    measured: str


@dataclass(frozen=True, slots=True)
class Scale:
    measured_bytes: int
    most_bytes: int

    @classmethod
    def over(cls, measured_bytes: int, *figures: FigureRange) -> Scale:
        return cls(measured_bytes, max(measured_bytes, *(each.high for each in figures)))

    def bar(self, figure: FigureRange) -> BarView:
        return BarView(
            low=self._percent(figure.low),
            range=self._percent(figure.high - figure.low),
            likely=self._percent(figure.likely),
            measured=self._percent(self.measured_bytes),
        )

    @property
    def measured_bar(self) -> BarView:
        measured = self.measured_bytes
        return self.bar(FigureRange(measured, measured, measured))

    def _percent(self, size_bytes: int) -> str:
        return f"{size_bytes * LONGEST_PERCENT / self.most_bytes:.2f}%"
