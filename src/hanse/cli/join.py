"""`hanse join`"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.extras import need
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.keys import SigningKey


@click.command()
@click.option("--store", required=True, help="Bucket URL or folder.")
@click.option("--log", "log_id", required=True, help="Genesis digest, had from the other founders.")
@click.option("--member", required=True, help="The member's name in the charter.")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The member's officer key file.")
@click.option(
    "--text", type=click.Path(path_type=Path), multiple=True, required=True, help="Private text: files, folders."
)
@click.option("--text-field", default="text", show_default=True, help="Column of JSONL, Parquet, datasets.")
@click.option("--dev", type=click.Path(path_type=Path), help="Evaluation text to choose settings on.")
@click.option("--test", "test_path", type=click.Path(path_type=Path), help="Evaluation text that is read once.")
@click.option("--site", "site_name", default="site-1", show_default=True, help="Name of the site.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("site"), show_default=True, help="Node's folder."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("SITE.toml"), show_default=True, help="File to write."
)
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
    from hanse.run import joining
    from hanse.run.follow import Follower
    from hanse.run.reading import check_log
    from hanse.run.replacing import check_place
    from hanse.run.settings import write_site
    from hanse.store import open_store
    from hanse.store.copying import EGRESS_FILE, CopyingStore
    from hanse.store.disk import FolderDisk

    # everything that may be wrong is asked before the first word is posted
    if (dev is None) != (test_path is None):
        raise InputError("--dev and --test go together: give both evaluation texts or neither")
    if not 1 <= len(site_name) <= 60:
        raise InputError("--site: expected 1-60 characters")
    officer = SigningKey.load(key)
    check_place(out)
    bucket = open_store(store)
    check_log(bucket, log_id)
    folder = folder.resolve()
    disk = FolderDisk(folder / "copy")
    follower = Follower(CopyingStore(bucket, disk, folder / EGRESS_FILE), disk, log_id)
    follower.sync()
    joining.check_officer(follower.fold, member, officer.public, str(key))
    counts = joining.words(text, text_field, follower)
    if not yes:
        _confirm(counts)
    evaluation = None
    if dev is not None and test_path is not None:
        evaluation = joining.Evaluation(*(joining.texts(path, text_field) for path in (dev, test_path)))
    key_path = folder / "site.pem"
    site_key = _site_key(key_path, f"{member}/{site_name}")
    standing = follower.fold.consortium.members[member]
    if standing.joined is None or standing.site_key is None or standing.site_key.id != site_key.public.id:
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


def _confirm(counts: dict[str, int]) -> None:
    """Show the officer what would be posted, rarest last, and ask."""
    if not counts:
        return
    shown = sorted(counts, key=lambda word: (-counts[word], word))
    click.echo(f"{len(counts)} words seen often enough would be posted with their counts; the 40 rarest:")
    click.echo("  " + ", ".join(repr(word) for word in shown[-40:]))
    if not click.confirm("Post them?"):
        raise click.exceptions.Exit(1)


def _site_key(path: Path, name: str) -> SigningKey:
    """A new site key, or the one an interrupted join made."""
    from hanse.keys import SigningKey

    if not path.exists():
        made = SigningKey(name, secrets.token_bytes(32))
        made.save(path)
        return made
    found = SigningKey.load(path)
    if found.name != name:
        raise InputError(
            f"{path}: is the site key of {found.name}, not of {name}; choose another --folder or correct --site"
        )
    return found
