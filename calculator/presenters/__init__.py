"""Results → what templates print. No arithmetic is left for the templates."""

from calculator.presenters.page import CalculatorView, present_calculator, present_search

__all__ = ["CalculatorView", "present_calculator", "present_search"]
