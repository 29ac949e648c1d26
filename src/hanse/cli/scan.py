"""`hanse scan`: every model a folder depends on. Arguments and output only; the scan is in `hanse.hedge.scan`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse import __version__
from hanse.cli.extras import need
from hanse.errors import InputError
from hanse.store.disk import replace_file

if TYPE_CHECKING:
    from hanse.hedge.scan.finding import Finding
    from hanse.hedge.scan.policy import Lookup, Supply, Violation
    from hanse.hedge.scan.tree import Scan

_RISKS = {"cannot rate": "unknown"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "sarif", "cyclonedx"]),
    default="table",
    show_default=True,
)
@click.option("--json", "json_", is_flag=True, help="The same as --format json.")
@click.option("--out", type=click.Path(path_type=Path), help="Write there instead of standard output.")
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="Leave out what fits, as a .hanseignore would; may be given again."
)
@click.option(
    "--fail-on",
    metavar="TERMS",
    default="",
    help="Exit with 1 on: unpinned, unresolved, pickle, hosted, license:CLASS, tier:NAME, risk:LEVEL; with commas.",
)
@click.option("--baseline", type=click.Path(path_type=Path), help="Findings known already: they fail nothing.")
@click.option("--strict-baseline", is_flag=True, help="Also exit with 1 when a known finding is gone.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write what is found as the baseline.")
@click.option(
    "--supply",
    "supplied",
    is_flag=True,
    help="Lab, license, tier and supply risk of each model, from the outlook's catalogue.",
)
@click.option("--catalogue", type=click.Path(path_type=Path), help="A folder of tables instead of the shipped ones.")
@click.option("--skipped", is_flag=True, help="List what was not read, and why.")
@click.option("--processes", type=click.IntRange(1), help="One per core by default.")
def scan(
    folder: Path, format_: str, json_: bool, out: Path | None, exclude: tuple[str, ...], fail_on: str,
    baseline: Path | None, strict_baseline: bool, write_baseline: Path | None, supplied: bool, catalogue: Path | None,
    skipped: bool, processes: int | None,
) -> None:  # fmt: skip
    """List every model that FOLDER depends on: file and line, pinned or not, resolved or not. Reads files, runs nothing, never
    uses the network."""
    need("scan", "hedge", "yaml", "picklescan")
    from hanse.hedge.scan import baseline as known_findings
    from hanse.hedge.scan.policy import needs_supply, parse_policy, violations
    from hanse.hedge.scan.tree import scan as scan_folder

    format_ = "json" if json_ else format_
    if format_ == "cyclonedx":
        need("scan --format cyclonedx", "hedge", "cyclonedx", "jsonschema")
    if strict_baseline and baseline is None:
        raise InputError("--strict-baseline: nothing to compare with; give --baseline FILE")
    terms = parse_policy(fail_on)
    known = known_findings.read(baseline) if baseline is not None else None
    found = scan_folder(folder, exclude, processes)
    lookup = (
        open_supply(found.findings, catalogue) if supplied or catalogue is not None or needs_supply(terms) else None
    )
    new, gone = known_findings.compare(found.findings, known) if known is not None else (list(found.findings), [])
    broken = violations(new, terms, lookup)
    if write_baseline is not None:
        write(write_baseline, known_findings.to_text(found.findings))
    if format_ == "table" and out is None:
        print_table(found, new if known is not None else None, lookup, skipped)
    else:
        text = as_text(format_, folder, found, broken, new if known is not None else None, lookup)
        if out is not None:
            write(out, text)
        else:
            click.echo(text, nl=False)
    tell(broken, [str(entry) for entry in gone] if strict_baseline else [])
    if broken or (strict_baseline and gone):
        raise click.exceptions.Exit(1)


def as_text(
    format_: str,
    folder: Path,
    found: Scan,
    broken: Sequence[Violation],
    new: list[Finding] | None,
    lookup: Lookup | None,
) -> str:
    """The findings in a format for programs. With a baseline, JSON and the bill still hold every finding."""
    from hanse.hedge.scan.bom import to_cyclonedx
    from hanse.hedge.scan.policy import supply_of
    from hanse.hedge.scan.sarif import to_sarif

    if format_ == "cyclonedx":
        return to_cyclonedx(found.findings, folder.resolve().name or "scanned", __version__, lookup)
    if format_ == "sarif":
        return json.dumps(to_sarif(found.findings, __version__, broken, new), indent=1, ensure_ascii=False) + "\n"
    rows = []
    for finding in found.findings:
        row = finding.as_json()
        known = supply_of(finding, lookup)
        if lookup is not None:
            row["supply"] = known.as_json() if known is not None else None
        rows.append(row)
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def print_table(found: Scan, new: list[Finding] | None, lookup: Lookup | None, skipped: bool) -> None:
    """For people: one row per finding, then what was counted."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from hanse.hedge.scan.policy import supply_of

    console = Console()
    columns = ["where", "model", "revision", "how", "state"] + (["lab, license, tier", "risk"] if lookup else [])
    drawn = Table(*columns, header_style="bold")
    fresh = None if new is None else Counter(new)
    for finding in found.findings:
        row = [
            f"{finding.file}:{finding.line}",
            finding.ref,
            finding.revision or "",
            finding.how,
            state_of(finding, fresh),
        ]
        known = supply_of(finding, lookup)
        if lookup is not None:
            row += [
                f"{known.lab}, {known.license}, {known.tier}" if known and known.lab else "",
                known.risk if known else "",
            ]
        drawn.add_row(*(escape(cell) for cell in row))
    if found.findings:
        console.print(drawn)
    counts = Counter(state_of(finding, None).split(":")[0] for finding in found.findings)
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    console.print(
        f"{len(found.findings)} findings in {found.files} files{f': {said}' if said else ''}", highlight=False
    )
    if found.ignored:
        console.print(f"{found.ignored} ignored by a comment on their line", highlight=False)
    if skipped:
        for item in found.skipped:
            console.print(escape(f"skipped {item.file}: {item.reason}"), highlight=False)
    elif found.skipped:
        console.print(f"{len(found.skipped)} files and folders skipped; --skipped lists them", highlight=False)


def state_of(finding: Finding, fresh: Counter[Finding] | None) -> str:
    """One word for a finding: pickle, unresolved, hosted, pinned or unpinned; known when the baseline has it."""
    if fresh is not None and fresh[finding] == 0:
        return "known"
    if finding.danger:
        return f"pickle: {finding.danger}"
    if not finding.resolved:
        return "unresolved"
    if finding.kind == "hosted":
        return "hosted"
    return "pinned" if finding.pinned else "unpinned"


def tell(broken: Sequence[Violation], gone: Sequence[str]) -> None:
    """What fails the build, on standard error."""
    for violation in broken:
        finding = violation.finding
        click.echo(f"{finding.file}:{finding.line}: {finding.ref}: {violation.term}: {violation.why}", err=True)
    for entry in gone:
        click.echo(f"gone from the code, still in the baseline: {entry}; write the baseline anew", err=True)


def write(path: Path, text: str) -> None:
    """A file, whole or not at all. Raises InputError when it cannot be written."""
    try:
        replace_file(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from error


def open_supply(findings: Iterable[Finding], folder: Path | None) -> Lookup:
    """What the outlook knows of every model named, looked up once each."""
    from hanse.cli.outlook.rows import open_catalogue
    from hanse.hedge.scan.policy import SUPPLIED, Supply

    catalogue = open_catalogue(folder)
    from hanse.outlook.backtest import backtest, proven
    from hanse.outlook.brief import write_brief
    from hanse.outlook.forecast import outlooks
    from hanse.outlook.rating import rate

    names = sorted({finding.ref for finding in findings if finding.resolved and finding.kind in SUPPLIED})
    rated = {item.release.id: item for item in rate(catalogue)}
    known: dict[str, Supply] = {}
    brief = write_brief(catalogue, names, outlooks(catalogue, proven(backtest(catalogue)))) if names else None
    for model in brief.models if brief is not None else ():
        if model.release is None:
            continue
        item = rated.get(model.release.id)
        license_ = catalogue.license_of.get(model.release.license)
        known[model.asked] = Supply(
            lab=catalogue.lab[model.release.lab].name,
            license=model.release.license,
            license_class=license_.class_ if license_ is not None else "unknown",
            tier=item.tier() if item is not None else "unrated",
            risk=_RISKS.get(model.risk, model.risk),
            why=" ".join(sentence.text for sentence in model.why[:2]),
        )
    return known.get
