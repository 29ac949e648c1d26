"""The row of the `sources` table that an import leaves behind."""

from __future__ import annotations

from datetime import date

from hanse.outlook.catalogue.schema import Source
from hanse.outlook.catalogue.tables import Catalogue

_PUBLISHED: dict[str, dict[str, str]] = {
    "epoch-benchmarked": {
        "title": "Data on AI Models: benchmarked models with ECI",
        "publisher": "Epoch AI",
        "url": "https://epoch.ai/data/ai-models",
        "license": "CC BY 4.0",
        "note": "one vintage of the Epoch Capabilities Index with 90% intervals; reduced to one row per model",
    },
    "epoch-eci": {
        "title": "Epoch Capabilities Index: scores",
        "publisher": "Epoch AI",
        "url": "https://epoch.ai/eci",
        "license": "CC BY 4.0",
        "note": "one vintage of the Epoch Capabilities Index with 90% intervals",
    },
    "epoch-benchmarks": {
        "title": "Epoch Capabilities Index: benchmark scores",
        "publisher": "Epoch AI",
        "url": "https://epoch.ai/benchmarks",
        "license": "CC BY 4.0; Aider Polyglot and Terminal-Bench rows Apache-2.0",
        "note": "raw scores, reduced to model, benchmark, score and date",
    },
    "epoch-models": {
        "title": "Data on AI Models: notable and large-scale models",
        "publisher": "Epoch AI",
        "url": "https://epoch.ai/data/ai-models",
        "license": "CC BY 4.0",
        "note": "reduced: training compute since 2016, ten largest at release or language models of 1e23 FLOP and more",
    },
    "models-dev": {
        "title": "models.dev",
        "publisher": "models.dev contributors",
        "url": "https://models.dev",
        "license": "MIT",
        "note": "release dates and open flags kept by a community",
    },
    "atom-tracked": {
        "title": "ATOM Project: tracked models",
        "publisher": "Interconnects AI",
        "url": "https://github.com/Interconnects-AI/tracked-models",
        "license": "Apache-2.0",
        "note": "model ids, sizes and regions",
    },
}


def source(publication: str, vintage: date) -> Source:
    """The source of one publication as it stood on a day; its id carries the month, such as epoch-eci-2026-11."""
    return Source.model_validate({"id": f"{publication}-{vintage:%Y-%m}", "vintage": vintage} | _PUBLISHED[publication])


def with_source(catalogue: Catalogue, new: Source) -> tuple[Source, ...]:
    """The sources with one added, or updated in its place. What a person wrote in its row stays."""
    old = {row.id: row for row in catalogue.sources}
    if new.id in old:
        new = old[new.id].model_copy(update={"vintage": new.vintage})
    return tuple((old | {new.id: new}).values())
