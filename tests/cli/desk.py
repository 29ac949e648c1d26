"""`hanse` as a person types it, in a folder of its own: exit code, output, and what it left on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Desk:
    """A folder with keys, charter, plan and text of ada, bob and sam, who has no site; `log` once founded."""

    folder: Path
    run: Callable[..., Done]
    log: str = ""
    ignored: set[str] = field(default_factory=set)

    def hanse(self, *arguments: str) -> Done:
        """A command that must go well."""
        done = self.run(*arguments)
        assert done.code == 0, done.err
        return done

    def files(self) -> dict[str, bytes]:
        """Every file and folder below the desk."""
        found = (path for path in self.folder.rglob("*") if not any(part in self.ignored for part in path.parts))
        return {str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else b"(folder)" for path in found}

    def write(self, name: str, text: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def found(self) -> None:
        self.hanse("found", "draft", "charter.toml", "plan.toml", "--out", "genesis.json")
        self.hanse("found", "sign", "genesis.json", *(f"--key=keys/{name}.pem" for name in ("ada", "bob", "sam")))
        self.log = self.hanse("found", "publish", "genesis.json", "--store", "bucket").out.strip()

    def join(self, member: str = "ada", **changes: str) -> list[str]:
        """Arguments of a join that would go well, some replaced."""
        options = {"store": "bucket", "log": self.log, "member": member, "key": f"keys/{member}.pem", "text": "text",
                   "folder": f"sites/{member}", "out": f"{member}.toml"} | changes  # fmt: skip
        return ["join", "--yes", *(f"--{name}={value}" for name, value in options.items())]

    def refuses(self, arguments: list[str], *words: str, code: int = 2) -> None:
        """The command ends with `code` and one line on standard error that has all the words, and leaves no trace."""
        before = self.files()
        done = self.run(*arguments)
        assert done.code == code, done.err
        assert done.err.startswith("error: ")
        assert done.err.count("\n") == 1
        for word in words:
            assert word in done.err
        assert done.out == ""
        assert self.files() == before

    @contextmanager
    def leaving(self, *names: str) -> Iterator[None]:
        """Within, these folders do not count as a trace: a verified copy of the log."""
        self.ignored |= set(names)
        yield
        self.ignored -= set(names)
