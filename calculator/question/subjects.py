"""What is asked about: a plain size, a model of the catalog or a model's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from calculator.catalog import Catalog
from calculator.estimation import Architecture, ConfigError, FieldError
from calculator.estimation.architectures.config_json import architecture_from_config, config_notes
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.units import BILLION
from calculator.words.formatting import format_size

MOST_PARAMETERS_COUNT = 100_000 * BILLION


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, as far as it is known.

    name is how a sentence names it: “a 7B model”, “Llama 3.1 8B”. params_b is what the rule of thumb multiplies. architecture is None for a model of which only
    the parameters are known or modelled; `parameters_only_reason` then says why. notes are what
    a given configuration says and the estimate does not follow. slug is set for a model of the catalog.
    """

    name: str
    params_b: Decimal
    architecture: Architecture | None
    parameters_only_reason: str = ""
    notes: tuple[str, ...] = ()
    slug: str = ""


def subject_of_size(params_b: Decimal) -> Subject:
    """A model of that many billion parameters, of the architecture usual for the size."""
    return replace(rough_subject(params_b), architecture=typical_architecture(params_b))


def rough_subject(params_b: Decimal) -> Subject:
    """A model of which no more than the size is asked about: the rule of thumb's."""
    return Subject(f"a {format_size(params_b)} model", params_b, architecture=None)


def subject_of_model(catalog: Catalog, slug: str) -> Subject | None:
    """The catalog's model of that slug, or None."""
    model = catalog.language_models_by_slug.get(slug)
    if model is None:
        return None
    return Subject(
        model.name,
        Decimal(model.params_total_count) / BILLION,
        model.architecture,
        model.parameters_only_reason,
        slug=model.slug,
    )


def subject_of_config(config: Mapping[str, object], name: str = "") -> Subject:
    """The model that a Hugging Face config.json describes.

    Raises:
        ConfigError: the configuration cannot be read, with the keys that are missing or wrong.
    """
    architecture = architecture_from_config(config, name)
    total_count = count_parameters(architecture).total_count
    if total_count > MOST_PARAMETERS_COUNT:
        raise ConfigError(
            [FieldError("", "describes a model of more than 100 trillion parameters.")]
        )
    params_b = Decimal(total_count) / BILLION
    size = format_size(round(params_b, 2))
    called = name or f"your {size} {architecture.model_type} model"
    return Subject(called, params_b, architecture, notes=config_notes(config))
