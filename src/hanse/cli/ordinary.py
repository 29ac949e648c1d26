"""A command that has others beside it: `hanse NAME THING` does the ordinary, `hanse NAME verb ...` the rest."""

from __future__ import annotations

import click


class Ordinary(click.Group):
    """A group that runs its command `run` when the first word names none of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run = self.commands["run"]
        pieces = run.collect_usage_pieces(click.Context(run, parent=ctx))
        formatter.write_usage(ctx.command_path, " ".join(pieces[1:] + pieces[:1]))
        formatter.write_usage(ctx.command_path, "|".join(name for name in self.commands if name != "run") + " ...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run = self.commands["run"]
        run.format_options(click.Context(run, parent=ctx), formatter)
        super().format_commands(ctx, formatter)
