"""What a GPU has to hold to run a model: the parts, their range, and shares of several GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.device import GAPS_FRACTION, DeviceBytes
from calculator.estimation.inference.kv_cache import (
    CacheBytes,
    CacheShape,
    cache_bytes,
    cache_shape,
)
from calculator.estimation.inference.runtimes import Runtime
from calculator.estimation.inference.settings import InferenceSettings
from calculator.estimation.inference.weight_formats import WeightFormat
from calculator.estimation.inference.weights import WeightBytes, weight_bytes
from calculator.estimation.inference.workspace import prefill_step_tokens, workspace_bytes
from calculator.estimation.units import GB

# What NCCL and a second GPU's buffers add on each: Llama 3 8B holds 1.79 GiB beside weights and
# activations on one H100 and 3.58 on each of two (vllm pull 10511).
SHARED_OVERHEAD_BYTES = round(1.79 * 2**30)


@dataclass(frozen=True, slots=True)
class InferenceEstimate:
    """One model in one format, on one GPU.

    workspace_bytes is the larger of a step that reads prompts (`prefill_tokens` tokens) and one
    that writes (a token of each sequence). Parts and overhead sum to `device_bytes.likely`.
    """

    architecture: Architecture
    settings: InferenceSettings
    weights_format: WeightFormat
    runtime: Runtime
    weights: WeightBytes
    cache: CacheBytes
    shape: CacheShape
    prefill_tokens: int
    prefill_bytes: int
    decode_bytes: int

    @property
    def parameters_count(self) -> int:
        return count_parameters(self.architecture).total_count

    @property
    def workspace_bytes(self) -> int:
        return max(self.prefill_bytes, self.decode_bytes)

    @property
    def allocated_bytes(self) -> int:
        """Weights, cache and workspace: what the runtime itself asks for."""
        return self.weights.device_bytes + self.cache.total_bytes + self.workspace_bytes

    @property
    def overhead_bytes(self) -> int:
        return self.runtime.overhead_bytes[1]

    @property
    def device_bytes(self) -> DeviceBytes:
        """Low, likely and high: the runtime's own by what logs state, and gaps at the high end."""
        return self.per_gpu(1)

    def per_gpu(self, gpu_count: int) -> DeviceBytes:
        """What each of so many GPUs holds, shared out as the runtime does by default.

        Weights are split. By layer, so is the cache; within layers, keys and values are split by
        head, at most to one head per GPU, and the compressed vector of latent attention, which has
        no heads, is whole on each. Workspace and overhead are on every GPU.
        """
        if self.runtime.splits_by_layer:
            shares = min(gpu_count, self.architecture.layer_count)
        elif self.architecture.is_latent:
            shares = 1
        else:
            shares = min(gpu_count, self.architecture.kv_head_count)
        cache = -(-(self.cache.full_bytes + self.cache.window_bytes) // shares)
        cache += -(-self.cache.state_bytes // gpu_count)
        allocated = -(-self.weights.device_bytes // gpu_count) + cache + self.workspace_bytes
        low, likely, high = self.runtime.overhead_bytes
        joined = gpu_count > 1 and not self.runtime.splits_by_layer
        several = SHARED_OVERHEAD_BYTES if joined else 0
        return DeviceBytes(
            low=allocated + low,
            likely=allocated + likely + several // 2,
            high=round((allocated - self.weights.device_bytes // gpu_count) * (1 + GAPS_FRACTION))
            + self.weights.device_bytes // gpu_count
            + high
            + several,
            reasons=(self.range_reason,),
        )

    @property
    def range_reason(self) -> str:
        low, likely, high = (f"{each / GB:.1f}" for each in self.runtime.overhead_bytes)
        return (
            f"{self.runtime.name} itself is taken for {likely} GB, between {low} and {high}:"
            f" {self.runtime.overhead_source}."
        )

    def tokens_on(self, usable_bytes: int) -> int | None:
        """Tokens, of all sequences together, for which a GPU with so many bytes has room.

        None where the cache does not grow with them.
        """
        if not self.shape.full_bytes:
            return None
        left = usable_bytes - self.device_bytes.likely + self.cache.full_bytes
        return max(0, int(left / self.shape.full_bytes))


def estimate_inference(
    architecture: Architecture, weights: WeightFormat, settings: InferenceSettings
) -> InferenceEstimate:
    """Estimate one model in one format; the format's runtime decides, not the settings'.

    Example: Llama 3.1 8B in bf16 with 8,192 tokens is 16.1 GB of weights, 1.1 GB of KV cache
    (131,072 bytes per token) and 0.2 GB of workspace.
    """
    runtime = weights.loaded_by
    tokens = prefill_step_tokens(settings, runtime)
    cache = cache_bytes(architecture, settings, runtime, tokens)
    shape = cache_shape(architecture, runtime, settings.kv_precision)
    decode = workspace_bytes(architecture, settings, runtime, settings.sequences)
    if runtime.grows_by_copy:
        decode += round(shape.largest_layer_bytes * settings.sequences * settings.context_length)
    return InferenceEstimate(
        architecture=architecture,
        settings=settings,
        weights_format=weights,
        runtime=runtime,
        weights=weight_bytes(architecture, weights),
        cache=cache,
        shape=shape,
        prefill_tokens=tokens,
        prefill_bytes=workspace_bytes(architecture, settings, runtime, tokens),
        decode_bytes=decode,
    )
