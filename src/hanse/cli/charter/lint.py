"""`hanse charter lint`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.cli.printing import as_json, table
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.charter.power.table import Row

NAMES_MOST = 4
"""Names or pairs that a cell of the table spells out; --json has them all."""


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, metavar="FILE...")
@click.option("--before", type=click.Path(path_type=Path), help="The charter that FILE is to replace: names rights that are lost.")
@click.option("--power", is_flag=True, help="Print who can pass and who can block each kind of decision, and from when.")
@click.option("--explain", metavar="RULE", help="Say why a rule is there, or all of them, and look at no FILE.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def lint(files: tuple[Path, ...], before: Path | None, power: bool, explain: str | None, json_: bool) -> None:
    """What is wrong with a charter: contradictions, gaps, and what others came to regret.

    Exit code 0 when nothing is found, 1 when something is, 2 when a file cannot be read as TOML.
    """
    if explain is not None:
        _explain(explain, json_)
        return
    if not files:
        raise InputError("lint: no FILE; name a charter, or a rule with --explain")
    from hanse.charter.lint.check import lint_document
    from hanse.charter.schema import load_charter, load_toml

    old = None if before is None else load_charter(before)
    documents = {path: load_toml(path) for path in files}
    reports: list[dict[str, Any]] = []
    for path, document in documents.items():
        found = lint_document(document, old)
        rows = _rows(document, path) if power else ()
        reports.append({"file": str(path), "findings": [asdict(item) for item in found]})
        if power:
            reports[-1]["power"] = [asdict(row) | {"votes": str(row.votes)} for row in rows]
        if not json_:
            for item in found:
                click.echo(f"{path}: {item.severity}: {item} [{item.rule}]")
            if rows:
                _table(rows, str(path))
    count = sum(len(report["findings"]) for report in reports)
    if json_:
        as_json(reports)
    else:
        click.echo(f"{len(files)} {'charter' if len(files) == 1 else 'charters'}: {count or 'no'} finding{'s' * (count != 1)}")
    if count:
        raise click.exceptions.Exit(1)


def _explain(name: str, json_: bool) -> None:
    from hanse.charter.lint.check import explanation
    from hanse.charter.lint.rules import RULES

    chosen = RULES if name == "all" else tuple(rule for rule in RULES if rule.name == name)
    if not chosen:
        explanation(name)  # raises, naming the rules
    if json_:
        as_json([{"rule": rule.name, "severity": rule.severity, "why": rule.why} for rule in chosen])
    else:
        table(("rule", "severity", "why"), [(rule.name, rule.severity, rule.why) for rule in chosen])


def _rows(document: Any, path: Path) -> tuple[Row, ...]:
    """The power table; empty, with a note, for what is no charter or has votes that cannot be counted."""
    from hanse.charter.power.table import power_table
    from hanse.charter.schema import parse_charter

    try:
        return power_table(parse_charter(document, str(path)))
    except InputError:
        click.echo(f"note: {path}: no power table before the findings are mended", err=True)
        return ()


def _table(rows: tuple[Row, ...], title: str) -> None:
    columns = ("decision", "from", "votes", "members", "passes alone", "as a pair", "blocks alone", "as a pair",
               "fewest: pass / win / block", "besides")  # fmt: skip
    cells = [
        (
            row.kind,
            row.day or "-",
            f"{float(row.votes):g}",
            row.voters,
            _some(row.pass_alone, row.voters, "members"),
            _some([" + ".join(pair) for pair in row.pass_pairs], row.voters * (row.voters - 1) // 2, "pairs"),
            _some(row.block_alone, row.voters, "members"),
            _some([" + ".join(pair) for pair in row.block_pairs], row.voters * (row.voters - 1) // 2, "pairs"),
            f"{_count(row.fewest_pass)} / {_count(row.fewest_win)} / {_count(row.fewest_block)}",
            "; ".join(_besides(row)) or "-",
        )
        for row in rows
    ]
    table(columns, cells, title)


def _some(names: Sequence[str], all_: int, noun: str) -> str:
    if not names:
        return "nobody"
    if len(names) == all_ and all_ > 1:
        return f"any of {all_} {noun}"
    return ", ".join(names) if len(names) <= NAMES_MOST else f"{len(names)} {noun}"


def _count(names: tuple[str, ...] | None) -> str:
    return "-" if names is None else str(len(names))


def _besides(row: Row) -> list[str]:
    found = []
    if row.lazy_hours is not None:
        found.append(f"silence for {row.lazy_hours} h passes")
    if row.any_members is not None:
        found.append(f"any {row.any_members} at once")
    if row.vetoes:
        found.append(f"veto: {_some(row.vetoes, row.voters, 'members')}")
    return found
