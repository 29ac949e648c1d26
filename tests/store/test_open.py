"""`open_store`: the forms a bucket's URL has, and messages for those it has not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hanse.errors import InputError, NotFound
from hanse.store import open_store
from hanse.store.objects import TIMEOUT


def test_a_folder_is_opened_by_path_and_by_the_url_the_store_shows(tmp_path: Path) -> None:
    folder = tmp_path / "a bucket, für alle"
    folder.mkdir()
    store = open_store(str(folder))
    store.put_once("log/000000000000", b"x")
    assert store.url == folder.as_uri()
    for url in (str(folder), f"file://{folder}", store.url):
        assert open_store(url).get("log/000000000000", 1) == b"x"


def test_a_relative_folder_stays_the_same_when_the_process_goes_elsewhere(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        store = open_store("bucket", create=True)
        store.put_once("x", b"x")
    finally:
        os.chdir(before)
    assert store.get("x", 1) == b"x"
    assert (tmp_path / "bucket" / "x").read_bytes() == b"x"


def test_a_missing_folder_is_made_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"bucket .*/none: no such folder; make it, or correct the URL"):
        open_store(str(tmp_path / "none"))
    assert list(open_store(str(tmp_path / "none" / "deep"), create=True).list("")) == []


def test_a_file_is_no_bucket(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="file: is a file, expected a folder"):
        open_store(str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot make the folder: Not a directory"):
        open_store(str(tmp_path / "file" / "below"), create=True)


@pytest.mark.parametrize("url", ["", ".", "file://", "ftp://host/x", "s4://bucket", "s3://", "s3:///", "://"])
def test_what_is_no_bucket_url_is_refused_with_the_url_in_the_message(url: str) -> None:
    with pytest.raises(InputError, match="bucket URL ''" if not url else f"bucket URL '{url}'"):
        open_store(url)


def test_an_unknown_option_is_named_and_keys_are_not_shown() -> None:
    with pytest.raises(InputError, match=r"bucket URL 's3://bucket': .*'nonsense'") as caught:
        open_store("s3://bucket?secret_access_key=very-secret&nonsense=1")
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/some/folder?region=eu-west-1&secret_access_key=very-secret&access_key_id=id",
        "gs://bucket/some/folder?skip_signature=true",
        "az://container/some/folder?account_name=hanse&account_key=dmVyeS1zZWNyZXQ=",
        "abfs://container/some/folder?account_name=hanse&account_key=dmVyeS1zZWNyZXQ=",
    ],
)
def test_a_cloud_bucket_is_opened_without_asking_it_and_shows_no_keys(url: str) -> None:
    store = open_store(url)
    assert store.url == url.partition("?")[0]
    assert store.inner.prefix == "some/folder"
    assert store.folder is None


def test_options_reach_the_store_with_their_escapes_undone() -> None:
    options = "access_key_id=a&secret_access_key=x/y+z==&region=eu-west-1&endpoint=https%3A%2F%2Fs3.example.org%3A9000"
    config = open_store(f"s3://bucket?{options}").inner.config
    assert config["secret_access_key"] == "x/y+z=="
    assert config["endpoint"] == "https://s3.example.org:9000"
    assert config["region"] == "eu-west-1"


def test_plain_http_is_refused_unless_the_url_allows_it() -> None:
    assert "allow_http" not in open_store("s3://bucket?region=a").inner.client_options
    assert open_store("s3://bucket?region=a&allow_http=true").inner.client_options["allow_http"] == "true"


def test_a_large_part_has_minutes_and_only_hanse_retries() -> None:
    inner = open_store("s3://bucket?region=a").inner
    assert inner.client_options["timeout"] == TIMEOUT
    assert inner.retry_config["max_retries"] == 0


def test_two_prefixes_of_one_bucket_do_not_see_each_other(s3_url: Callable[[str], str]) -> None:
    one, other = open_store(s3_url("prefix/one")), open_store(s3_url("prefix/other"))
    one.put_once("log/000000000000", b"one")
    with pytest.raises(NotFound):
        other.get("log/000000000000", 10)
    other.put_once("log/000000000000", b"other")
    assert [found.name for found in one.list("")] == ["log/000000000000"]
    assert sorted(found.name for found in open_store(s3_url("prefix")).list("")) == [
        "one/log/000000000000",
        "other/log/000000000000",
    ]


def test_a_folder_holds_objects_as_plain_files_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put_once("blobs/ada/x", b"12345")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["blobs/ada/x"]
    (tmp_path / "blobs" / "ada" / "y#1").write_bytes(b"a writer that died")
    assert [found.name for found in store.list("blobs/")] == ["blobs/ada/x"]


def test_a_pipe_in_an_objects_place_does_not_hold_a_reader_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound):
        open_store(str(tmp_path)).get("pipe", 10)
