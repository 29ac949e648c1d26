"""`hanse`: the commands in the order of the story. Each is imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from hanse import __version__
from hanse.errors import HanseError, InputError

STAGES: dict[str, dict[str, tuple[str, str]]] = {
    "Decide": {
        "outlook": ("hanse.cli.outlook:outlook", "what is happening to open models, tested on data"),
        "case": ("hanse.cli.case:case", "should we found this consortium, on these terms: simulated, with ranges"),
    },
    "Agree": {
        "keys": ("hanse.cli.keys:keys", "make and show Ed25519 keys"),
        "charter": ("hanse.cli.charter:charter", "lint, print and compare charters"),
        "found": ("hanse.cli.found:found", "draft, sign and publish a genesis entry"),
        "join": ("hanse.cli.join:join", "join a log: site key, word counts, SITE.toml"),
    },
    "Train": {
        "site": ("hanse.cli.site:site", "run a site; list what ever left it"),
        "log": ("hanse.cli.log:log", "show, prove, verify, follow the log"),
        "move": ("hanse.cli.move:move", "go on in a new bucket from this node's copy"),
        "replay": ("hanse.cli.replay:replay", "recompute the weights from the log, bit for bit"),
        "rerun": ("hanse.cli.rerun:rerun", "repeat one's own round on one's own machine"),
        "store": ("hanse.cli.store:store", "check that a bucket keeps its promises"),
        "lm": ("hanse.cli.lm:lm", "one site's model alone: train, eval, sample"),
        "simulate": ("hanse.cli.simulate:simulate", "seeded worlds with crashes and a hostile member"),
        "demo": ("hanse.cli.demo:demo", "four organizations on this machine, on real text"),
    },
    "Hedge": {
        "scan": ("hanse.cli.scan:scan", "every model a codebase depends on: where, pinned or not, at what risk"),
        "lock": ("hanse.cli.lock:lock", "pin every model you use: digests, license texts, sources"),
        "mirror": ("hanse.cli.mirror:mirror", "keep locked models in your own bucket, serve them as a hub"),
        "drill": ("hanse.cli.drill:drill", "with the network cut: verify, load, generate from the mirror alone"),
        "compare": ("hanse.cli.compare:compare", "is a substitute good enough on your tasks: swap, keep, or more items"),
        "hedge": ("hanse.cli.hedge:hedge", "every model from its locked base to the route that serves it, by a signed record"),
        "route": ("hanse.cli.route:route", "one OpenAI-compatible address: swap the model behind it and back"),
        "tune": ("hanse.cli.tune:tune", "tune an open model on your own data; the result goes into compare"),
        "distill": ("hanse.cli.distill:distill", "a large model teaches a small one; against the small one trained alone"),
        "family": ("hanse.cli.family:family", "several sizes from one plan: trained alone, taught, quantized"),
        "quantize": ("hanse.cli.quantize:quantize", "a Hugging Face folder as GGUF or CTranslate2; what a file really holds"),
    },
}
"""Stages of the story that have commands, in order; Release has none yet."""


class Stages(click.Group):
    """A group whose commands are imported when they are called, listed by stage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for stage in STAGES.values() for name in stage]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for stage in STAGES.values():
            if cmd_name in stage:
                module, _, attribute = stage[cmd_name][0].partition(":")
                command: click.Command = getattr(importlib.import_module(module), attribute)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for stage, commands in STAGES.items():
            with formatter.section(stage):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])


@click.group(cls=Stages, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hanse")
def hanse() -> None:
    """Software of an open-model consortium: agree, train together, prove it, release it, own what you depend on."""


def main() -> None:
    """Entry point: an error of ours or the machine's is one message and exit code 1 (2 for wrong input); else it is a bug."""
    try:
        # without standalone mode click returns the code of `Exit` instead of raising it
        code = hanse(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HanseError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:  # the machine's doing: a full disk, a folder taken away
        click.echo(f"error: {error.filename or 'input or output'}: {error.strerror}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
