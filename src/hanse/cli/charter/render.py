"""`hanse charter render`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("charter", type=click.Path(path_type=Path))
@click.option("--html", is_flag=True, help="One self-contained page instead of Markdown.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write instead of standard output.")
def render(charter: Path, html: bool, out: Path | None) -> None:
    """Print CHARTER as prose: numbered articles, each with whether Hanse executes it, checks it, or it is prose."""
    from hanse.charter.render.markdown import markdown
    from hanse.charter.render.page import page
    from hanse.charter.schema import load_charter
    from hanse.run.replacing import replacing

    found = load_charter(charter)
    text = page(found) if html else markdown(found)
    if out is None:
        click.echo(text, nl=False)
    else:
        with replacing(out) as temporary:
            temporary.write_text(text, encoding="utf-8")
