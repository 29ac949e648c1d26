"""`hanse move`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("new_url")
def move(file: Path, new_url: str) -> None:
    """Go on in the bucket NEW_URL: publish this node's copy there, then point SITE.toml FILE at it."""
    from hanse.run.moving import copied_disk, publish_copy
    from hanse.run.settings import load_site, write_site
    from hanse.store import open_store

    site = load_site(file)
    url = new_url if "://" in new_url else str(Path(new_url).resolve())
    entries, written = publish_copy(copied_disk(site.folder_path), open_store(url, create=True))
    settings = {name: value for name, value in site.model_dump().items() if name in site.model_fields_set}
    write_site(file, settings | {"store": url})
    click.echo(f"{file}: {entries} entries, {written} objects written to {url}; go on with: hanse site run {file}")
