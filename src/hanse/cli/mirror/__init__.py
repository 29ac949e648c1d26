"""`hanse mirror`: `fill` keeps and collects, `look` reads, `out` gives models back, `prove` asks for proof; here is the group."""

from __future__ import annotations

import click

from hanse.cli.mirror import fill, look, out, prove


@click.group()
def mirror() -> None:
    """Keep locked models in a bucket or folder of your own: content-addressed, checked, served back as a hub.

    URL is a folder, s3://, gs:// or az://; several models, locks and people can share one mirror.
    """


for command in (
    fill.keep,
    look.list_,
    look.verify,
    out.get,
    out.serve,
    fill.sweep,
    prove.challenge,
    prove.answer,
    prove.judge,
):
    mirror.add_command(command)
