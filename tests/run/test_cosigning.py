"""Members without a site: they verify and sign tree heads, or nothing would ever be final."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.consortium_on_disk import Consortium

from hanse.errors import ForkError


@pytest.mark.slow
def test_one_site_trains_once_members_without_a_site_have_signed(tmp_path: Path) -> None:
    consortium = Consortium(tmp_path, members=("ada", "bob", "cyd"), rounds=1, sites=("ada",))
    try:
        consortium.found()
        again = consortium.hanse("found", "draft", "charter.toml", "plan.toml", "--out", "again.json")
        assert "tree heads need 2 members, and 1 have a site" in again.stderr
        consortium.join("ada")
        site = consortium.start("ada")
        consortium.wait_for_line("ada", "2 members must sign a tree head over this site's joining first")
        assert site.poll() is None
        cosign = ("log", "cosign", "bucket", "--log", consortium.log)
        stranger = consortium.hanse(*cosign, "--key", "sites/ada/site.pem", "--folder", "watch/ada", check=False)
        assert stranger.returncode == 0  # a site's key may sign for its member too
        said = consortium.hanse(*cosign, "--key", "keys/bob.pem", "--folder", "watch/bob", "--follow").stdout
        consortium.wait()
        assert "signed the tree head of" in said
        final = int(said.split()[-1])
        assert final > 4
        assert consortium.replay()["verdict"] == "identical"
        check_refusals(consortium, cosign)
    finally:
        consortium.stop()


def check_refusals(consortium: Consortium, cosign: tuple[str, ...]) -> None:
    key = consortium.hanse("keys", "new", "eve/officer", "--out", "keys/eve.pem")
    assert key.returncode == 0
    refused = consortium.hanse(*cosign, "--key", "keys/eve.pem", "--folder", "watch/eve", check=False)
    assert refused.returncode == 2
    assert "is not in force for 'eve'" in refused.stderr
    slot = sorted((consortium.bucket / "log").iterdir())[3]  # the bucket's owner rewrites what bob has signed
    slot.write_bytes(slot.read_bytes().replace(b"a", b"b", 1))
    for later in sorted((consortium.bucket / "log").iterdir())[4:]:
        later.unlink()
    again = consortium.hanse(*cosign, "--key", "keys/bob.pem", "--folder", "watch/bob", check=False)
    assert again.returncode == 1
    assert ForkError.__name__ not in again.stderr  # a message, no traceback
    assert "error:" in again.stderr
