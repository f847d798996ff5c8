import pytest

from gpus.fitting import GpuSetup, Setup
from gpus.labels import examples_label, gpu_setup_label, setup_label
from tests.gpus.builders import a_gpu, a_tier


def tier_with_examples(memory_gb, *names, **changes):
    return a_tier(
        memory_gb,
        *(a_gpu(name, memory_gb, is_tier_example=True) for name in names),
        a_gpu("Not an example", memory_gb),
        **changes,
    )


@pytest.mark.parametrize(
    ("setup", "label"),
    [
        (Setup(tier_with_examples(80, "A100", "H100"), 2), "2× 80 GB (A100 / H100)"),
        (Setup(tier_with_examples(80, "A100", "H100"), 16), "16× 80 GB (A100 / H100)"),
        (Setup(tier_with_examples(80, "A100", "H100"), 1), "80 GB (A100 / H100)"),
        (Setup(tier_with_examples(80, "A100", "H100"), 1200), "1,200× 80 GB (A100 / H100)"),
        (Setup(tier_with_examples(24, "RTX 4090", "RTX 3090"), 1), "24 GB GPU (RTX 4090 / 3090)"),
        (Setup(tier_with_examples(8, "RTX 4060", "RTX 3070"), 1), "8 GB GPU (RTX 4060 / 3070)"),
        (Setup(tier_with_examples(16), 1), "16 GB GPU"),
    ],
)
def test_a_setup_is_named_after_its_tier_with_the_examples_in_brackets(setup, label):
    assert setup_label(setup) == label


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (["RTX 4090", "RTX 3090", "RTX 3090 Ti"], "RTX 4090 / 3090 / 3090 Ti"),
        (["RTX 4090", "RX 7900 XTX"], "RTX 4090 / RX 7900 XTX"),
        (["RTX A6000", "A40"], "RTX A6000 / A40"),
        (["RTX 4090"], "RTX 4090"),
        ([], ""),
    ],
)
def test_a_first_word_that_all_examples_share_is_said_once(names, label):
    assert examples_label(tier_with_examples(24, *names)) == label


def test_an_alternative_is_named_after_its_gpu():
    gpu = a_gpu("H200", 141)

    assert gpu_setup_label(GpuSetup(gpu, Setup(a_tier(141), 1))) == "1× H200 141 GB"
