"""Findings as a CycloneDX 1.6 ML-BOM: one component per model, with every place it was found as evidence. No clock, no chance: equal
findings give equal bytes."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from hanse.errors import MalformedError
from hanse.hedge.scan import packages
from hanse.hedge.scan.finding import DIGEST, Finding
from hanse.hedge.scan.policy import Lookup, supply_of

_NAMESPACE = uuid.UUID("6f0a6b0e-6c55-5d2b-9d0f-0d6d1f6a2c11")
"""Of serial numbers: they are the content's digest under it."""
_HUB = re.compile(
    r"(?:hf://|hf\.co/|huggingface\.co/|huggingface/)?(?P<org>[\w.-]+)/(?P<name>[\w.-]+?)(?::(?P<tag>[\w.-]+))?"
)


def to_cyclonedx(findings: Iterable[Finding], name: str, version: str, supply: Lookup | None = None) -> str:
    """The bill as JSON text, validated against the official schema. `name` is what was scanned, `version` Hanse's own.

    Raises MalformedError should it not be valid, before anything is written.
    """
    models: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        models.setdefault((finding.kind, finding.ref, finding.revision or ""), []).append(finding)
    components = [_component(places, supply) for _, places in sorted(models.items())]
    bill: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "hanse", "version": version}]},
            "component": {"type": "application", "name": name, "bom-ref": "scanned"},
        },
        "components": components,
        "dependencies": [{"ref": "scanned", "dependsOn": sorted(item["bom-ref"] for item in components)}],
    }
    content = hashlib.sha256(json.dumps(bill, sort_keys=True).encode()).hexdigest()
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, content)}"
    text = json.dumps(bill, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    check(text)
    return text


def check(text: str) -> None:
    """Raise MalformedError unless a text is a CycloneDX 1.6 document by the strict schema. Offline."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise MalformedError(
            f"the bill of materials is not valid CycloneDX 1.6: {str(error)[:300]}; please report this"
        )


def _component(places: Sequence[Finding], supply: Lookup | None) -> dict[str, Any]:
    first = places[0]
    identity = "\n".join((first.kind, first.ref, first.revision or ""))
    properties = {
        "hanse:kind": first.kind,
        "hanse:pinned": str(first.pinned).lower(),
        "hanse:resolved": str(first.resolved).lower(),
    }
    if first.kind == "hosted":
        properties["hanse:hosted"] = "true"
    dangers = sorted({place.danger for place in places if place.danger})
    if dangers:
        properties["hanse:pickle"] = "; ".join(dangers)
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}",
        "name": first.ref,
        "evidence": {
            "occurrences": [
                {"location": place.file, "line": place.line, "additionalContext": place.how} for place in places
            ]
        },
    }
    if first.revision:
        component["version"] = first.revision
        if first.kind == "weights" and DIGEST.fullmatch(first.revision):
            component["hashes"] = [{"alg": "SHA-256", "content": first.revision.removeprefix("sha256:")}]
    url = package_url(first)
    if url is not None:
        component["purl"] = url
    known = supply_of(first, supply)
    if known is not None:
        properties |= {f"hanse:{key}": value for key, value in known.as_json().items() if value}
        if known.lab:
            component["manufacturer"] = {"name": known.lab}
        if known.license:
            component["licenses"] = [{"license": {"name": known.license}}]
    component["properties"] = [{"name": key, "value": value} for key, value in sorted(properties.items())]
    return component


def package_url(finding: Finding) -> str | None:
    """pkg:huggingface/org/name@revision, pkg:ollama/name@tag, pkg:pypi/name@version; None for what no registry has."""
    from packageurl import PackageURL

    if not finding.resolved:
        return None
    if finding.kind == "hub":
        match = _HUB.fullmatch(finding.ref)
        if match is None:
            return (
                str(PackageURL("huggingface", None, finding.ref, finding.revision))
                if re.fullmatch(r"[\w.-]+", finding.ref)
                else None
            )
        extra = {"quantization": match["tag"]} if match["tag"] and match["tag"] != finding.revision else None
        return str(PackageURL("huggingface", match["org"], match["name"], finding.revision, extra))
    if finding.kind == "ollama":
        name, _, tag = finding.ref.removeprefix("ollama/").removeprefix("ollama_chat/").partition(":")
        space, _, last = name.rpartition("/")
        return str(PackageURL("ollama", space or None, last, finding.revision or tag or None)) if last else None
    if finding.kind == "package":
        ecosystem = packages.ecosystem_of(finding.file, finding.how)
        space, _, last = finding.ref.rpartition("/")
        return str(PackageURL(ecosystem, space or None, last, finding.revision))
    return None
