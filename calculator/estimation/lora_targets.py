"""Which linear maps of a model LoRA adapters can be put on, by name."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import layer_modules
from calculator.estimation.architectures.stacked_adapters import expert_names
from calculator.estimation.errors import FieldError, SettingsError
from calculator.estimation.settings import TrainingSettings


@lru_cache(maxsize=1024)
def module_names(architecture: Architecture) -> tuple[str, ...]:
    """The names of the layers' linear maps, in the order in which a layer uses them."""
    names = dict.fromkeys(
        module.name
        for kind in dict.fromkeys(architecture.layer_kinds())
        for module in layer_modules(architecture, *kind)
    )
    return tuple(names)


def check_targets(architecture: Architecture, settings: TrainingSettings) -> None:
    """Refuse targets that the model does not have, also where peft would pass over them.

    Raises:
        SettingsError: for `lora_targets`, with those and with the names that the model has.
    """
    targets = settings.lora_targets
    if isinstance(targets, str) or not settings.trains_adapters:
        return
    names = module_names(architecture)
    known = (*names, *expert_names(architecture))
    # A target may bear its path: shared_expert.up_proj, self_attn.q_proj.
    unknown = [name for name in targets if name.rpartition(".")[2] not in known]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        message = (
            f"must name linear layers of this model, which {', '.join(unknown)} {verb} not:"
            f" {', '.join(names)}."
        )
        raise SettingsError([FieldError("lora_targets", message)])
