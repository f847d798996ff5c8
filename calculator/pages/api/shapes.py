"""The JSON of every answer, as types: mypy holds the answers to them, and the OpenAPI document
is written from them (`json_schema.py`). A docstring, and a text beside a type, is what it says.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from calculator.estimation.cluster.sharding import Offload, Strategy
from calculator.estimation.settings import Method
from calculator.estimation.step.timeline import Phase
from calculator.estimation.verdict import Verdict

# What is wrong, for a program. The first five are the core's.
Reason = Literal[
    "invalid",
    "missing",
    "unknown_name",
    "not_a_choice",
    "out_of_bounds",
    "not_json",
    "not_found",
    "method_not_allowed",
    "not_acceptable",
    "too_large",
    "too_many_requests",
    "unavailable",
]


class RangeJson(TypedDict):
    """Bytes as a range: what is sure to be there, what is likely, and at worst."""

    low: int
    likely: int
    high: int


class NumberRangeJson(TypedDict):
    """A range of hours or of USD."""

    low: float
    likely: float
    high: float


class ComponentJson(TypedDict):
    """What one component takes at the peak."""

    component: str
    bytes: int


class ParametersJson(TypedDict):
    """Parameters of the model, and those that are trained."""

    total: int
    trainable: int


class ExampleGpuJson(TypedDict):
    """A GPU of a size."""

    slug: str
    name: str


class SetupJson(TypedDict):
    """So many cards of a size, with the verdict and what it means."""

    label: str
    memory_gb: int
    gpu_count: int
    examples: list[ExampleGpuJson]
    verdict: Verdict
    verdict_sentence: str


class ClusterJson(TypedDict):
    """What each GPU of the stated cluster holds, and the host's memory on each node."""

    gpu_count: int
    strategy: Strategy
    offload: Offload
    peak_allocated_bytes_per_gpu: int
    device_bytes_per_gpu: RangeJson
    host_bytes_per_node: RangeJson
    assumptions: list[str]


class _EstimateJson(TypedDict):
    peak_allocated_bytes: Annotated[int, "The most that PyTorch has allocated at once."]
    device_bytes: Annotated[RangeJson, "What nvidia-smi would show."]
    peak_phase: Annotated[Phase, "The phase of the step in which the peak is."]
    phases: Annotated[dict[str, int], "The most bytes allocated in each phase."]
    breakdown: Annotated[list[ComponentJson], "What is allocated at the peak: sums to it exactly."]
    parameters: ParametersJson
    rule_of_thumb_bytes: Annotated[int | None, "Null where the editors publish no such method."]
    minimum_gpu: Annotated[SetupJson | None, "The smallest with room for the likely bytes."]
    tight_gpu: Annotated[SetupJson | None, "A smaller card on which the run is tight."]
    assumptions: list[str]
    formula_version: Annotated[str, "Changes when the same request may get another answer."]


class EstimateJson(_EstimateJson, total=False):
    """What fine-tuning with one method takes."""

    cluster: Annotated[ClusterJson, "Only where a cluster was asked for."]


class AllEstimatesJson(TypedDict):
    """The estimate of every method."""

    methods: dict[Method, EstimateJson]


class ModelJson(TypedDict):
    """A language model of the catalog."""

    slug: str
    name: str
    hf_id: str
    family: str
    license: str
    released: Annotated[str | None, "The day, as 2024-07-23."]
    parameters: int
    active_parameters: Annotated[int, "What one token uses."]
    context_length: int | None
    has_precise_estimate: Annotated[bool, "Whether /estimate answers for it."]
    parameters_only_reason: str
    source: str


class ModelsJson(TypedDict):
    """All models of the catalog."""

    models: list[ModelJson]


class PriceJson(TypedDict):
    """A price in USD with its source, and the day on which it was seen."""

    usd: float
    kind: str
    is_estimate: bool
    source_name: str
    source_url: str
    checked_on: str


class GpuJson(TypedDict):
    """A GPU of the catalog."""

    slug: str
    name: str
    short_name: str
    vendor: str
    audience: str
    memory_gb: Annotated[int, "As sold."]
    usable_bytes: Annotated[int, "What a run may take of it."]
    bandwidth_bytes_per_second: float | None
    bf16_dense_flops: float | None
    supports_bf16: bool
    has_nvlink: bool
    board_power_w: int | None
    launched: Annotated[str | None, "The day, often known to the month only."]
    cloud_price_per_hour: PriceJson | None
    retail_price: PriceJson | None
    source: str


class GpusJson(TypedDict):
    """All GPUs of the catalog."""

    gpus: list[GpuJson]


class TierJson(TypedDict):
    """A size of GPU memory as cards are sold."""

    memory_gb: int
    label: str
    audience: str
    is_on_ladder: Annotated[bool, "Whether it can be the minimum that an answer names."]
    may_be_multiplied: bool
    gpus: Annotated[list[str], "Slugs of the GPUs of this size."]


class TiersJson(TypedDict):
    """All memory tiers, smallest first."""

    tiers: list[TierJson]


class PresetPartJson(TypedDict):
    """One part of a preset's bytes per parameter."""

    slug: str
    label: str
    bytes_per_parameter: float
    explanation: str


class PresetJson(TypedDict):
    """A method by the rule of thumb: bytes per parameter, in parts."""

    slug: str
    task: str
    name: str
    summary: str
    bytes_per_parameter: float
    parts: list[PresetPartJson]


class PresetsJson(TypedDict):
    """All presets."""

    presets: list[PresetJson]


class FitRowJson(TypedDict):
    """So many GPUs of one model that hold the run. Prices and times are for all of them."""

    gpu: ExampleGpuJson
    gpu_count: int
    strategy: Strategy
    offload: Offload
    verdict: Verdict
    verdict_sentence: str
    device_bytes_per_gpu: RangeJson
    usable_bytes_per_gpu: int
    usd_per_hour: float | None
    is_rent_stale: Annotated[bool, "Nobody has checked the price for half a year."]
    retail_usd: float | None
    is_retail_stale: bool
    hours: NumberRangeJson | None
    cost_usd: NumberRangeJson | None


class FitJson(TypedDict):
    """Every setup of the catalog's GPUs that holds the run, in the order that was asked for."""

    method: Method
    setups: list[FitRowJson]
    formula_version: str


class LargestModelJson(TypedDict):
    """The largest model of the catalog that the cards can fine-tune."""

    slug: str
    name: str
    parameters: int


class MyGpuMethodJson(TypedDict):
    """One method on the cards: the largest model, and the largest values for the stated one."""

    method: Method
    largest_model: LargestModelJson | None
    verdict: Annotated[Verdict | None, "Of the stated model. Null: it cannot run so at all."]
    device_bytes_per_gpu: RangeJson | None
    strategy: Strategy | None
    largest_values: Annotated[dict[str, int | None], "Null where not even one step fits."]


class MyGpuJson(TypedDict):
    """What so many cards can fine-tune."""

    gpu: ExampleGpuJson
    gpu_count: int
    usable_bytes_per_gpu: int
    model: str
    methods: list[MyGpuMethodJson]
    formula_version: str


class ImportedLineJson(TypedDict):
    """What became of one line of a trainer's file."""

    number: Annotated[int, "Of the line, from 1."]
    name: str
    verdict: Annotated[str, "understood, not_followed, unknown or no_bearing (on memory)."]
    words: str


class ImportJson(TypedDict):
    """A file's meaning here: the query that asks /estimate and the page about it."""

    kind: Annotated[str, "What the file was taken for."]
    model: Annotated[str, "The model in words."]
    parameters: int
    settings: Annotated[dict[str, str], "What was read of the training, under our names."]
    notes: Annotated[list[str], "What the file says and the estimate does not follow."]
    method: Annotated[str, "The method that the file says; empty where it says none."]
    lines: Annotated[list[ImportedLineJson], "Of a trainer's file, each line; else none."]
    assumptions: Annotated[list[str], "What is assumed where a trainer's file says nothing."]
    query: dict[str, str]
    page_path: Annotated[str, "The calculator's page with this model filled in."]


class ErrorJson(TypedDict):
    """One thing that is wrong."""

    field: Annotated[str, "The name of what is wrong, or body, path, method, accept, rate."]
    message: Annotated[str, "What is wrong, in a sentence."]
    reason: Annotated[Reason, "The same for a program."]


class ErrorsJson(TypedDict):
    """Every answer that is not 200 or 204."""

    errors: list[ErrorJson]
