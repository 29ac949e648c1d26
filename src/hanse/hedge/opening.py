"""From a source's text, as a lock or an option names it, to the source: the one place that knows every kind."""

from __future__ import annotations

from pathlib import Path

from hanse.hedge.source.base import Source, kind_of


def open_source(text: str, beside: Path = Path()) -> Source:
    """The source a lock names: `hub`, `hub:URL`, `oci://...`, a mirror's URL (s3://, gs://, az://, file://), or a folder (of the
    model, or a mirror) relative to `beside`, the lock's own folder. Raises InputError for any other."""
    kind = kind_of(text)
    if kind == "hub":
        from hanse.hedge.source.hub import HubSource

        return HubSource(text)
    if kind == "oci":
        from hanse.hedge.source.oci import OciSource

        return OciSource(text)
    from hanse.hedge.source.folder import FolderSource, is_mirror

    if kind == "bucket" or (text and is_mirror(beside / text)):
        from hanse.hedge.mirror.source import MirrorSource

        return MirrorSource(text if kind == "bucket" else str(beside / text))
    return FolderSource(text, beside)
