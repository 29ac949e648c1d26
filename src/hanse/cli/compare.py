"""`hanse compare`: parse, call, print. Its exit code is the verdict's, so nothing else may end with 1."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.cli.extras import need
from hanse.cli.printing import as_json, json_text, progress, table
from hanse.cli.recording import Recording, now, recorded
from hanse.errors import HanseError, InputError

if TYPE_CHECKING:
    from hanse.hedge.compare.harness import Harness
    from hanse.hedge.compare.run import Pair, Plan
    from hanse.hedge.compare.tasks import Task
    from hanse.hedge.engine.base import Settings
    from hanse.hedge.engine.endpoint import Access, Budget
    from hanse.hedge.engine.price import Price

EXITS = {"swap": 0, "keep": 1, "more": 3}
WRONG = 2


@dataclass(frozen=True)
class Asked:
    """What was given of endpoints, by whose it is."""

    key_env: dict[str, str]
    price: dict[str, Price | None]
    budget: Budget
    per_minute: int
    cache: Path | None

    def access(self, whose: str) -> Access:
        """Of one of them. Raises InputError where its key is not in the environment."""
        from hanse.hedge.engine.endpoint import Access

        name = self.key_env[whose]
        if name and not os.environ.get(name):
            raise InputError(f"--{whose}-key-env {name}: the environment has no such variable")
        return Access(os.environ[name] if name else "", self.price[whose], self.budget, self.per_minute, self.cache)


def _fraction(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Fraction | None:
    try:
        return None if text is None else Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"--{parameter.name} {text}: expected a number such as 1/50 or 0.02") from error


def _price(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Price | None:
    from hanse.hedge.engine.price import parse_price

    return None if text is None else parse_price(text)


@click.command()
@click.argument("incumbent")
@click.argument("substitute")
@click.option("--tasks", "tasks_path", type=click.Path(path_type=Path), help="Tasks, JSON lines.")
@click.option("--lm-eval", multiple=True, metavar="TASK", help="A task of lm-eval, from what is on this disk; may be repeated.")
@click.option("--include-path", type=click.Path(path_type=Path, file_okay=False), help="Folder with lm-eval tasks of your own.")
@click.option("--margin", default="1/50", callback=_fraction, show_default=True, help="By less than this mean mark the substitute "
              "may be worse.")  # fmt: skip
@click.option("--error", default="1/20", callback=_fraction, show_default=True, help="Chance of a wrong verdict, at most.")
@click.option("--seed", default=0, type=click.IntRange(0, 2**31 - 1), show_default=True, help="Of the order of items.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the page (HTML).")
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="Keep every answer in this file at once; a run "
              "that was killed goes on from it. Off: in memory.")  # fmt: skip
@click.option("--max-tokens", default=256, type=click.IntRange(1), show_default=True, help="Of an answer.")
@click.option("--context", default=4096, type=click.IntRange(16), show_default=True, help="Tokens of question and answer, of a "
              "local engine.")  # fmt: skip
@click.option("--threads", default=0, type=click.IntRange(0), help="Of a local engine. Off: as many as it likes.")
@click.option("--timeout", default=600.0, type=click.FloatRange(0, min_open=True), show_default=True, help="Seconds for an answer.")
@click.option("--incumbent-key-env", default="", metavar="NAME", help="Environment variable with its endpoint's key.")
@click.option("--substitute-key-env", default="", metavar="NAME", help="The same of the substitute.")
@click.option("--judge-key-env", default="", metavar="NAME", help="The same of judges that tasks name.")
@click.option("--price-incumbent", callback=_price, metavar="3:15|0.40/h", help="For a million tokens read and written, or for "
              "an hour of its machine.")  # fmt: skip
@click.option("--price-substitute", callback=_price, metavar="3:15|0.40/h", help="The same of the substitute.")
@click.option("--price-judge", callback=_price, metavar="3:15", help="The same of judges.")
@click.option("--cost-cap", callback=_fraction, metavar="AMOUNT", help="Ask no endpoint for what could go over it.")
@click.option("--rate", default=0, type=click.IntRange(0), help="Requests a minute to each endpoint. Off: no limit.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder to keep endpoints' answers in.")
@recorded
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def compare(
    incumbent: str, substitute: str, tasks_path: Path | None, out: Path | None, json_: bool, recording: Recording | None,
    **given: Any,
) -> None:  # fmt: skip
    """Is SUBSTITUTE good enough in place of INCUMBENT, on your tasks, as served?

    Each is a GGUF file, a model's folder (safetensors), MODEL@https://host/v1, or a .jsonl of recorded answers. Both answer the
    same items, greedily, until the verdict stands. Exit code: 0 swap, 1 keep the incumbent, 3 more items needed (or an engine
    stopped), 2 wrong input.
    """
    try:
        found = _compare(incumbent, substitute, tasks_path, out, given)
        _show(found, out, json_)
        _record(recording, found)
    except HanseError as error:
        click.echo(f"error: {error}", err=True)
        raise click.exceptions.Exit(WRONG) from error
    except OSError as error:
        click.echo(f"error: {error.filename or 'input or output'}: {error.strerror}", err=True)
        raise click.exceptions.Exit(WRONG) from error
    raise click.exceptions.Exit(EXITS[found["verdict"]])


def _compare(incumbent: str, substitute: str, tasks_path: Path | None, out: Path | None, given: dict[str, Any]) -> dict[str, Any]:
    need("compare", "hedge", "numpy", "jsonschema")
    from hanse.hedge.compare.harness import Harness
    from hanse.hedge.compare.journal import Journal
    from hanse.hedge.compare.judge import TOKENS_MAX, EndpointJudge, judges
    from hanse.hedge.compare.page import render
    from hanse.hedge.compare.run import run
    from hanse.hedge.compare.summary import document
    from hanse.hedge.compare.tasks import read_tasks
    from hanse.hedge.engine.base import Engine, Settings
    from hanse.hedge.engine.endpoint import Budget, Endpoint
    from hanse.hedge.engine.opening import open_engine
    from hanse.store.disk import replace_file

    prices = {"incumbent": given["price_incumbent"], "substitute": given["price_substitute"]}
    keys = {who: given[f"{who}_key_env"] for who in ("incumbent", "substitute", "judge")}
    asked = Asked(keys, {**prices, "judge": given["price_judge"]}, Budget(given["cost_cap"]), given["rate"], given["cache"])
    settings = Settings(given["max_tokens"], given["context"], given["threads"], given["timeout"])
    if tasks_path is None and not given["lm_eval"]:
        raise InputError("nothing to ask: name tasks by --tasks or --lm-eval")
    short = Settings(TOKENS_MAX, timeout_seconds=given["timeout"])
    with ExitStack() as stack:
        harness = stack.enter_context(Harness(given["lm_eval"], given["include_path"])) if given["lm_eval"] else None
        tasks = read_tasks(tasks_path) if tasks_path is not None else ()
        engines: dict[tuple[str, str], Engine] = {
            (url, model): Endpoint(url.rstrip("/"), model, short, asked.access("judge")) for url, model in judges(tasks)
        }
        plan = _plan(tasks, tasks_path, harness, settings, given)
        pair: Pair = {"incumbent": open_engine(incumbent, settings, asked.access("incumbent"))}
        stack.callback(pair["incumbent"].close)
        pair["substitute"] = open_engine(substitute, settings, asked.access("substitute"))
        stack.callback(pair["substitute"].close)
        with Journal(given["journal"], plan.header(pair), asked.budget) as journal, progress("items", len(plan.tasks)) as bar:
            result = run(plan, pair, EndpointJudge(engines, plan.rule.seed), journal, bar, harness)
        found = document(result, pair, {"incumbent": prices["incumbent"], "substitute": prices["substitute"]})
    if out is not None:
        replace_file(out, render(found).encode())
    return found


def _record(recording: Recording | None, found: dict[str, Any]) -> None:
    if recording is not None:
        from hanse.hedge.compare.step import step

        again = "the same command again (from its --journal nothing is asked anew)"
        recording.add(step(found, (json_text(found) + "\n").encode()), now(), again)


def _plan(
    tasks: tuple[Task, ...], path: Path | None, harness: Harness | None, settings: Settings, given: dict[str, Any]
) -> Plan:
    """Raises InputError for an id that is both the file's and lm-eval's."""
    from hanse.hedge.compare.paired import Rule
    from hanse.hedge.compare.run import Plan
    from hanse.hedge.compare.tasks import print_tasks

    digest = hashlib.sha256(print_tasks(tasks).encode())
    if harness is not None:
        digest.update(harness.sha256.encode())
    others = harness.items if harness is not None else ()
    twice = {item.id for item in tasks} & {item.id for item in others}
    if twice:
        raise InputError(f"{path}: id {min(twice)} is a document of lm-eval, too; rename the task")
    rule = Rule(given["margin"], len(tasks) + len(others), given["error"], given["seed"])
    return Plan((*tasks, *others), digest.hexdigest(), path.parent if path is not None else Path(), rule, settings)


def _show(found: dict[str, Any], out: Path | None, json_: bool) -> None:
    if json_:
        as_json(found)
        return
    rows = []
    for who in ("incumbent", "substitute"):
        engine = found["engines"][who]
        memory, cost = engine["memory_bytes"], engine["cost_per_million_tokens"]
        rows.append((who, engine["name"], f"{100 * found[who]:.1f}", f"{engine['seconds']['p50']:.3g} s",
                     f"{engine['seconds']['p95']:.3g} s", "-" if memory is None else f"{memory / 1e6:,.0f} MB",
                     "-" if cost is None else f"{cost:.4g}"))  # fmt: skip
    table(("", "model", "mark", "p50", "p95", "memory", "per M tokens"), rows)
    for one in found["slices"]:
        if one["worse"]:
            click.echo(f"worse in {one['name']}: {100 * one['difference']:+.1f} points over {one['items']} items")
    if found["items_failed"]:
        first = found["items_failed"][0]
        click.echo(f"{len(found['items_failed'])} items have no marks: {first['item']}: {first['reason']}")
    if found["stopped"]:
        click.echo(f"stopped: {found['stopped']}", err=True)
    click.echo(found["text"] + (f"; page {out}" if out else ""))
