"""`hanse join`"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from hanse.cli.extras import need


@click.command()
@click.option("--store", required=True, help="Bucket URL or folder.")
@click.option("--log", "log_id", required=True, help="Genesis digest, had from the other founders.")
@click.option("--member", required=True, help="The member's name in the charter.")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The member's officer key file.")
@click.option("--text", type=click.Path(path_type=Path), multiple=True, required=True, help="Private text: files, folders.")
@click.option("--text-field", default="text", show_default=True, help="Column of JSONL, Parquet, datasets.")
@click.option("--dev", type=click.Path(path_type=Path), help="Evaluation text to choose settings on.")
@click.option("--test", "test_path", type=click.Path(path_type=Path), help="Evaluation text that is read once.")
@click.option("--site", "site_name", default="site-1", show_default=True, help="Name of the site.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("site"), show_default=True, help="Node's folder.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("SITE.toml"), show_default=True, help="File to write.")
@click.option("--yes", is_flag=True, help="Post the word counts without asking.")
def join(
    store: str,
    log_id: str,
    member: str,
    key: Path,
    text: tuple[Path, ...],
    text_field: str,
    dev: Path | None,
    test_path: Path | None,
    site_name: str,
    folder: Path,
    out: Path,
    yes: bool,
) -> None:
    """Join a log: make a site key, have the officer's key sign it in, write SITE.toml. Then: `hanse site run SITE.toml`."""
    need("join", "train", "numpy", "tokenizers", "safetensors", "numba")
    from hanse.keys import SigningKey
    from hanse.lm.text import documents
    from hanse.run import joining
    from hanse.run.follow import Follower
    from hanse.run.site import write_site
    from hanse.store import open_store
    from hanse.store.copying import EGRESS_FILE, CopyingStore
    from hanse.store.disk import FolderDisk

    officer = SigningKey.load(key)
    folder = folder.resolve()
    disk = FolderDisk(folder / "copy")
    follower = Follower(CopyingStore(open_store(store), disk, folder / EGRESS_FILE), disk, log_id)
    follower.sync()
    counts = joining.words(text, text_field, follower)
    if counts and not yes:
        shown = sorted(counts, key=lambda word: (-counts[word], word))
        click.echo(f"{len(counts)} words seen often enough would be posted with their counts; the 40 rarest:")
        click.echo("  " + ", ".join(repr(word) for word in shown[-40:]))
        if not click.confirm("Post them?"):
            raise click.exceptions.Exit(1)
    evaluation = None
    if dev is not None and test_path is not None:
        sets = [tuple(item.text for item in documents(path, text_field)) for path in (dev, test_path)]
        evaluation = joining.Evaluation(sets[0], sets[1])
    key_path = folder / "site.pem"
    if key_path.exists():  # an interrupted join goes on with the key it made
        site_key = SigningKey.load(key_path)
    else:
        site_key = SigningKey(f"{member}/{site_name}", secrets.token_bytes(32))
        site_key.save(key_path)
    standing = follower.fold.consortium.members.get(member)
    if standing is None or standing.site_key is None or standing.site_key.id != site_key.public.id:
        joining.join(follower, officer, site_key.public, counts, evaluation, int(time.time()))
    write_site(
        out,
        {
            "store": store if "://" in store else str(Path(store).resolve()),
            "log": log_id,
            "member": member,
            "site": site_name,
            "key": str(key_path),
            "folder": str(folder),
            "text": [str(path.resolve()) for path in text],
            "text_field": text_field,
        },
    )
    click.echo(f"{member} joined log {log_id[:12]} as {site_name}; next: hanse site run {out}")
