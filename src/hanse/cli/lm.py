"""`hanse lm`"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hanse.cli.extras import need_train
from hanse.cli.printing import as_json, steps_bar, table
from hanse.cli.stopping import interruptible, stopped
from hanse.errors import InputError


@click.group()
def lm() -> None:
    """One site's language model alone, no consortium: train, eval, sample."""


@lm.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print the result as JSON, without progress.")
def train(config: Path, json_: bool) -> None:
    """Train the model of CONFIG.toml. Interrupt and run again at will: it goes on from its last checkpoint."""
    need_train("lm train")
    from hanse.lm.alone import train_alone
    from hanse.lm.config import load_config

    settings = load_config(config)
    with interruptible() as stop, _progress(settings.total_steps, json_) as report:
        result = train_alone(settings, report, stop)
    if result is None:
        raise stopped(f"hanse lm train {config}")
    if json_:
        as_json(result)
    else:
        for domain, value in result["dev_bits_per_byte"].items():
            click.echo(f"dev {domain}: {value:.4f} bits per byte")
        click.echo(f"model: {result['folder']}")


@lm.command("eval")
@click.argument("where", type=click.Path(path_type=Path))
@click.option("--part", type=click.Choice(["dev", "test"]), default="dev", show_default=True, help="Held-out part.")
@click.option(
    "--text", multiple=True, type=click.Path(path_type=Path), help="Text to score a model folder on. Repeatable."
)
@click.option("--field", default="text", show_default=True, help="Column that holds the text in tables.")
@click.option(
    "--length", type=click.IntRange(8), default=512, show_default=True, help="Tokens of a window, for --text."
)
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def evaluate(where: Path, part: str, text: tuple[Path, ...], field: str, length: int, json_: bool) -> None:
    """Bits per byte of WHERE: a CONFIG.toml on its held-out text, or any model folder on --text.

    Settings are chosen on dev; test is read once. Every reading of test is noted in the folder's test_reads.jsonl.
    """
    need_train("lm eval")
    if where.is_dir():
        scores = _score_folder(where, text, field, length)
    else:
        from hanse.lm.alone import score_alone
        from hanse.lm.config import load_config

        if text:
            raise InputError("--text goes with a model folder; a CONFIG.toml has its own held-out text")
        settings = load_config(where)
        scores = score_alone(settings, part)
        if part == "test":
            _note_reading(settings.folder_path / "test_reads.jsonl", datetime.now(UTC))
    rows = {name: _row(score) for name, score in scores.items()}
    if json_:
        as_json(rows)
    else:
        shown = [
            (n, f"{r['bits_per_byte']:.4f}", f"{r['low']:.4f} to {r['high']:.4f}", r["documents"])
            for n, r in rows.items()
        ]
        table(("domain", "bits per byte", "95%", "documents"), shown)


@lm.command()
@click.argument("where", type=click.Path(path_type=Path))
@click.option("--prompt", default="", help="Text to go on from. Off: empty.")
@click.option("--tokens", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Tokens at most.")
@click.option(
    "--temperature", type=click.FloatRange(0, 10), default=0.8, show_default=True, help="0: the likeliest token."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same text.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def sample(where: Path, prompt: str, tokens: int, temperature: float, seed: int, json_: bool) -> None:
    """Text from the model of WHERE, a CONFIG.toml or a model folder."""
    need_train("lm sample")
    from hanse.lm.config import load_config
    from hanse.lm.evaluate import sample as draw
    from hanse.lm.model import load_folder

    model, tokenizer = load_folder(where if where.is_dir() else load_config(where).folder_path / "model")
    found = draw(model, tokenizer, prompt, tokens, seed, temperature)
    if json_:
        as_json({"prompt": prompt, "seed": seed, "text": found})
    else:
        click.echo(found)


def _score_folder(folder: Path, paths: tuple[Path, ...], field: str, length: int) -> dict[str, Any]:
    from hanse.lm.evaluate import bits_per_byte
    from hanse.lm.model import load_folder
    from hanse.lm.text import documents

    if not paths:
        raise InputError(f"{folder}: a model folder has no held-out text of its own; name some with --text")
    model, tokenizer = load_folder(folder)
    config: Any = model.config
    length = min(length, int(getattr(config, "max_position_embeddings", length)))
    return bits_per_byte(
        model, tokenizer, {str(path): [d.text for d in documents(path, field)] for path in paths}, length
    )


def _row(score: Any) -> dict[str, Any]:
    low, high = score.interval()
    count, size = len(score.nats), sum(score.byte_counts)
    return {"bits_per_byte": score.bits_per_byte, "low": low, "high": high, "documents": count, "bytes": size}


def _note_reading(path: Path, now: datetime) -> None:
    before = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
    with open(path, "a", encoding="utf-8") as file:
        file.write(f'{{"at": "{now.isoformat(timespec="seconds")}"}}\n')
    if before:
        click.echo(f"note: test has been read {before} times before; report the first reading", err=True)


@contextmanager
def _progress(total: int, silent: bool) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """A bar with loss and speed, and a line for what is worth one."""
    if silent:
        yield lambda what, details: None
        return
    with steps_bar(total) as (bar, task):

        def report(what: str, details: dict[str, Any]) -> None:
            if what == "trained":
                note = f"loss {details['loss']:.3f}  {details['tokens_per_second']:,.0f} tokens/s"
                bar.update(task, completed=details["step"], note=note)
            elif what == "resumed":
                bar.update(task, completed=details["step"])
                bar.console.print(f"going on from step {details['step']}")
            elif what == "prepared":
                bar.console.print(
                    f"{details['documents']:,} documents, {details['tokens']:,} tokens to train on; {details['dev']} dev, "
                    f"{details['test']} test; dropped {details['duplicates']} duplicates, {details['overlapping']} overlapping"
                )
            elif what == "evaluated":
                scores = "  ".join(f"{domain} {value:.4f}" for domain, value in details["dev"].items())
                bar.console.print(f"step {details['step']}: dev bits per byte: {scores}")

        yield report
