"""`hanse case`: `run` simulates charters, `advise` searches better clauses, `calibrate` asks history; here is the group."""

from __future__ import annotations

import click

from hanse.cli.case import advise, calibrate, run, sensitivity


class RunFirst(click.Group):
    """A group whose first argument may be a charter: `hanse case CHARTER.toml` is `hanse case run CHARTER.toml`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not _asks_for_help(args[0]):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of a run first, which this group takes as well."""
        found = (option.get_help_record(ctx) for option in run.run.get_params(ctx))
        with formatter.section("Options of a run"):
            formatter.write_dl([record for record in found if record is not None and record[0] != "--help"])
        super().format_options(ctx, formatter)


def _asks_for_help(word: str) -> bool:
    return word in ("-h", "--help")


@click.group(cls=RunFirst)
def case() -> None:
    """Should we found this consortium, on these terms? `hanse case CHARTER.toml [CHARTER.toml ...]` answers with ranges."""


for command in (run.run, advise.advise, sensitivity.sensitivity, calibrate.calibrate):
    case.add_command(command)
