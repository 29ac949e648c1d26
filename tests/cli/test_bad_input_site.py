"""Bad input to joining, to a site and to what works on its folder: nothing is posted, signed or pointed elsewhere."""

from __future__ import annotations

import json

import pytest
from tests.cli.desk import Desk
from tests.run.author import key

from hanse.ledger.entry import signed
from hanse.run.follow import Follower
from hanse.store import open_store
from hanse.store.disk import MemoryDisk

OTHER = "12" * 32


def found_another_log(desk: Desk) -> str:
    """A log of the same founders with another plan, in the bucket `wrong`; its digest."""
    text = (desk.folder / "plan.toml").read_text()
    desk.write("other.toml", text.replace("first light", "second light"))
    desk.hanse("found", "draft", "charter.toml", "other.toml", "--out", "other.json")
    desk.hanse("found", "sign", "other.json", *(f"--key=keys/{name}.pem" for name in ("ada", "bob", "sam")))
    return desk.hanse("found", "publish", "other.json", "--store", "wrong").out.strip()


def joins_after_all(desk: Desk) -> None:
    """What was refused has left nothing in the way of the join that was meant."""
    desk.hanse(*desk.join())
    assert (desk.folder / "ada.toml").exists()
    assert len(list((desk.folder / "bucket" / "log").iterdir())) == 2
    assert "void" not in desk.hanse("log", "show", "bucket", "--void", "--json").out


EARLY = {
    "a bucket that is not there": ({"store": "none"}, "none: no such folder; make it, or correct the URL"),
    "a bucket without a log": ({"store": "keys"}, "keys: holds no log (no entry 0); check the URL"),
    "a bad bucket URL": ({"store": "ftp://host/x"}, "bucket URL 'ftp://host/x': expected a folder, file://"),
    "a log digest that is none": ({"log": "12"}, "log '12': expected 64 lower-case hex digits, as `hanse found publish` prints"),
    "a key file that is not there": ({"key": "none.pem"}, "none.pem: cannot read the key: No such file"),
    "a key file that is none": ({"key": "plan.toml"}, "plan.toml: expected 'name: <holder>' on line 1"),
    "a site file in a folder that is not there": ({"out": "none/ada.toml"}, "none/ada.toml: cannot write: there is no folder none"),
    "a site file that is a folder": ({"out": "keys"}, "keys: cannot write: is a folder"),
    "half of the evaluation texts": ({"dev": "text"}, "--dev and --test go together: give both evaluation texts or neither"),
    "a site without a name": ({"site": ""}, "--site: expected 1-60 characters"),
    "a site with a long name": ({"site": "s" * 61}, "--site: expected 1-60 characters"),
}


@pytest.mark.parametrize("name", EARLY)
def test_a_join_with_a_bad_option_leaves_no_trace(name: str, founded: Desk) -> None:
    changes, words = EARLY[name]
    founded.refuses(founded.join(**changes), words)
    joins_after_all(founded)


def test_a_join_to_another_log_is_told_both_digests_and_leaves_no_trace(founded: Desk) -> None:
    other = found_another_log(founded)
    for changes, expected, found in (({"log": OTHER}, OTHER, founded.log), ({"store": "wrong"}, founded.log, other)):
        words = f"holds another log: expected genesis {expected}, found {found}; check the URL and the digest"
        founded.refuses(founded.join(**changes), words, code=1)
    joins_after_all(founded)


LATE = {
    "a misspelt member": ({"member": "eda", "key": "keys/ada.pem"}, "member 'eda' is not in this log's charter; its members are"),
    "a member without a site": ({"member": "sam", "key": "keys/sam.pem"}, "member 'sam' has no site: the charter says"),
    "another member's officer key": ({"key": "keys/bob.pem"}, "keys/bob.pem: bob/officer+"),
    "a text that is not there": ({"text": "texts"}, "texts: no such file or folder; correct `text`"),
    "a text that is not UTF-8": ({"text": "latin.txt"}, "latin.txt: byte 3 is not UTF-8; convert the file or leave it out"),
    "a text with a broken line": ({"text": "broken.jsonl"}, "broken.jsonl:2: not JSON"),
    "a text without its column": ({"text": "broken.jsonl", "text-field": "body"}, "broken.jsonl:1: expected an object with"),
    "an evaluation text that is not there": ({"dev": "text", "test": "none"}, "none: no such file or folder"),
    "a site with a strange name": ({"site": "my site"}, "key name 'ada/my site': expected 1-100 characters"),
}


@pytest.mark.parametrize("name", LATE)
def test_a_join_that_would_not_stand_posts_nothing(name: str, founded: Desk) -> None:
    changes, words = LATE[name]
    founded.write("latin.txt", b"caf\xe9")
    founded.write("broken.jsonl", '{"text": "fine"}\n{\n')
    with founded.leaving("sites"):
        founded.refuses(founded.join(**({"folder": "sites/ada"} | changes)), words)
    assert not list((founded.folder / "sites").rglob("site.pem"))  # the verified copy of the log is all there is
    joins_after_all(founded)


def test_a_folder_with_another_sites_key_is_not_taken(founded: Desk) -> None:
    founded.hanse(*founded.join("bob"))
    words = "sites/bob/site.pem: is the site key of bob/site-1, not of ada/site-1; choose another --folder"
    founded.refuses(founded.join(folder="sites/bob"), words)


def test_a_join_may_be_repeated_and_comes_back_after_leaving(founded: Desk) -> None:
    founded.hanse(*founded.join())
    before = founded.files()
    founded.hanse(*founded.join())
    assert founded.files() == before
    follower = Follower(open_store("bucket"), MemoryDisk(), founded.log)
    follower.sync()
    assert follower.append(signed(follower.statement("leave", "ada", {}, 1_800_000_000), [key("ada/officer")]))
    assert follower.fold.consortium.active == ()
    founded.hanse(*founded.join())
    kinds = [row["kind"] for row in json.loads(founded.hanse("log", "show", "bucket", "--json").out) if not row["reason"]]
    assert kinds == ["genesis", "join", "leave", "join"]


# --- a site


@pytest.fixture
def joined(founded: Desk) -> Desk:
    """bob and ada have joined: the run may start, and ada's copy of the log is whole."""
    for member in ("bob", "ada"):
        founded.hanse(*founded.join(member))
    return founded


def change(desk: Desk, old: str, new: str) -> None:
    text = (desk.folder / "ada.toml").read_text()
    assert old in text
    desk.write("ada.toml", text.replace(old, new, 1))


SITE_COMMANDS = [["site", "run"], ["site", "egress"], ["rerun", "--round", "1"], ["move"]]


@pytest.mark.parametrize("command", SITE_COMMANDS, ids=" ".join)
def test_a_site_file_that_is_missing_or_has_a_mistake_is_named(command: list[str], joined: Desk) -> None:
    rest = ["elsewhere"] if command == ["move"] else []
    joined.refuses([*command, "none.toml", *rest], "none.toml: cannot read: No such file or directory; check the path")
    joined.write("ada.toml", (joined.folder / "ada.toml").read_text() + "threads = -1\n")
    joined.refuses([*command, "ada.toml", *rest], "ada.toml: threads: Input should be greater than or equal to 0")
    change(joined, "threads = -1", "thread = 1")
    joined.refuses([*command, "ada.toml", *rest], "ada.toml: thread: unknown key; did you mean threads?")
    change(joined, "thread = 1", "threads =")
    joined.refuses([*command, "ada.toml", *rest], "ada.toml: not TOML: ", "line 9")


def url(desk: Desk) -> str:
    return str(desk.folder / "bucket")


@pytest.mark.slow  # imports torch
def test_a_site_that_cannot_take_part_is_told_why_and_writes_nothing(joined: Desk) -> None:
    good = (joined.folder / "ada.toml").read_text()
    run = ["site", "run", "ada.toml"]
    key("ada/other").save(joined.folder / "other.pem")
    site_key = f"{joined.folder}/sites/ada/site.pem"
    mistakes = [
        (site_key, "none.pem", "none.pem: cannot read the key: No such file or directory", 2),
        (site_key, "plan.toml", "plan.toml: expected 'name: <holder>' on line 1", 2),
        (site_key, "sites/bob/site.pem", "ada.toml: key: sites/bob/site.pem is bob/site-1's, not one of member ada", 2),
        (site_key, "keys/ada.pem", "ada.toml: key: keys/ada.pem is ada/officer+", 2),
        (site_key, "other.pem", "ada.toml: key: other.pem is ada/other+", 2),
        ('member = "ada"', 'member = "eda"', "ada.toml: key: ", 2),
        ('member = "ada"', 'member = "Ada"', "ada.toml: member: String should match pattern", 2),
        (joined.log, "12", "ada.toml: log: log '12': expected 64 lower-case hex digits", 2),
        (joined.log, OTHER, "holds another log: expected genesis " + OTHER, 1),
        (f'store = "{url(joined)}"', 'store = "none"', "none: no such folder; make it, or correct the URL", 2),
        (f'store = "{url(joined)}"', 'store = "keys"', "entry 2, which this node has verified, is gone from the bucket", 1),
        (f'store = "{url(joined)}"', 'store = "ftp://h/x"', "bucket URL 'ftp://h/x': expected a folder", 2),
    ]
    for old, new, words, code in mistakes:
        change(joined, old, new)
        joined.refuses(run, words, code=code)
        joined.write("ada.toml", good)


@pytest.mark.slow  # imports torch
def test_a_new_folder_is_not_spoiled_by_the_wrong_bucket(joined: Desk) -> None:
    other = found_another_log(joined)
    good = (joined.folder / "ada.toml").read_text()
    change(joined, f'folder = "{joined.folder}/sites/ada"', 'folder = "fresh"')
    change(joined, url(joined), "wrong")
    with joined.leaving("fresh"):
        joined.refuses(["site", "run", "ada.toml"], f"expected genesis {joined.log}, found {other}", code=1)
    assert not list((joined.folder / "fresh").iterdir())
    joined.write("ada.toml", good.replace('member = "ada"\n', 'member = "eve"\n').replace("site.pem", "eve.pem"))
    key("eve/site").save(joined.folder / "sites" / "ada" / "eve.pem")
    words = "ada.toml: member: 'eve' is not in the charter of this log; its members are ada, bob, sam"
    joined.refuses(["site", "run", "ada.toml"], words)


@pytest.mark.slow  # imports torch
def test_a_site_whose_text_is_gone_is_told_before_it_commits_to_any(joined: Desk) -> None:
    change(joined, f'"{joined.folder}/text"', '"gone"')
    with joined.leaving("sites", "heads"):
        joined.refuses(["site", "run", "ada.toml"], "gone: no such file or folder; correct `text` in the site file")


@pytest.mark.slow  # imports torch
def test_a_round_that_is_not_there_cannot_be_repeated(joined: Desk) -> None:
    for number in ("0", "1", "-1", "999"):
        joined.refuses(["rerun", "ada.toml", "--round", number], f"round {number}: this site has no update in it, or keeps it no")


# --- moving


def test_a_site_without_a_copy_does_not_move_to_an_empty_bucket(joined: Desk) -> None:
    change(joined, f'folder = "{joined.folder}/sites/ada"', 'folder = "fresh"')
    words = "fresh: holds no copy of a log to go on from; correct `folder` in the site file"
    joined.refuses(["move", "ada.toml", "elsewhere"], words)


def test_a_bucket_that_cannot_be_moved_to_leaves_the_site_file_as_it_was(joined: Desk) -> None:
    joined.refuses(["move", "ada.toml", "ftp://host/x"], "bucket URL 'ftp://host/x': expected a folder, file://")
    joined.refuses(["move", "ada.toml", "plan.toml"], "plan.toml: is a file, expected a folder")
    joined.write("other/log/000000000000", "another log\n")
    with joined.leaving("heads", "blobs"):
        joined.refuses(["move", "ada.toml", "other"], "other: entry 0 differs from this node's copy", code=1)


# --- the rest


def test_a_bucket_to_check_that_is_not_there_is_named(desk: Desk) -> None:
    desk.refuses(["store", "check", "none"], "none: no such folder; make it, or correct the URL")
    desk.refuses(["store", "check", "ftp://host/x"], "bucket URL 'ftp://host/x': expected a folder")


def test_a_model_file_that_is_not_there_is_named(desk: Desk) -> None:
    desk.refuses(["lm", "train", "none.toml"], "none.toml: No such file or directory")


def test_a_demo_of_no_known_size_is_told_the_sizes(desk: Desk) -> None:
    desk.refuses(["demo", "--size", "huge"], "--size huge: expected one of tiny, small, medium, large")


@pytest.mark.parametrize("option", ["--seeds=0", "--first=-1", "--members=2"])
def test_worlds_that_cannot_be_are_wrong_usage(option: str, desk: Desk) -> None:
    done = desk.run("simulate", option)
    assert done.code == 2
    assert f"Invalid value for '{option.partition('=')[0]}'" in done.err


def test_what_the_machine_refuses_is_one_line_and_exit_code_1(joined: Desk) -> None:
    change(joined, f'folder = "{joined.folder}/sites/ada"', 'folder = "plan.toml"')
    joined.refuses(["site", "run", "ada.toml"], "plan.toml: File exists", code=1)
