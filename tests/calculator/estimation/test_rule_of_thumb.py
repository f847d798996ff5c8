from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation.rule_of_thumb import MethodSpec, PartSpec, estimate

bytes_per_parameter = st.decimals("0.0001", "1000", places=4)
sizes_b = st.decimals("0.1", "2000", places=3)


def method(*parts: Decimal) -> MethodSpec:
    return MethodSpec(
        slug="any",
        name="Any",
        summary="",
        audience_note="",
        parts=tuple(
            PartSpec(slug=f"part-{i}", label=f"Part {i}", bytes_per_parameter=part)
            for i, part in enumerate(parts)
        ),
    )


def test_the_estimate_is_bytes_per_parameter_times_parameters():
    lora = method(Decimal("2.0"), Decimal("0.4"))

    assert estimate(lora, Decimal(7)).memory_bytes == Decimal(16_800_000_000)


def test_a_figure_that_binary_fractions_would_miss_is_exact():
    qlora = method(Decimal("0.85"))

    assert estimate(qlora, Decimal(7)).memory_bytes == Decimal(5_950_000_000)


@given(parts=st.lists(bytes_per_parameter, min_size=1, max_size=8), size_b=sizes_b)
def test_the_parts_sum_to_the_total(parts, size_b):
    result = estimate(method(*parts), size_b)

    assert sum(part.memory_bytes for part in result.parts) == result.memory_bytes
    assert result.memory_bytes == sum(parts) * size_b * 10**9


@given(
    parts=st.lists(bytes_per_parameter, min_size=1, max_size=8), smaller=sizes_b, larger=sizes_b
)
def test_a_larger_model_never_takes_less(parts, smaller, larger):
    smaller, larger = sorted((smaller, larger))

    assert (
        estimate(method(*parts), smaller).memory_bytes
        <= estimate(method(*parts), larger).memory_bytes
    )
