"""Templates: the example charters as files to edit, comments kept, with what must be filled in said where it belongs."""

from __future__ import annotations

import difflib
import textwrap
import tomllib
from importlib import resources

from hanse.errors import InputError

_EXAMPLES = resources.files("hanse.charter") / "examples"
OFFICER = '# officer = ""  # fill in: what `hanse keys show` prints for this member'


def names() -> tuple[str, ...]:
    """Templates there are, by name."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in _EXAMPLES.iterdir() if item.name.endswith(".toml")))


def example(name: str) -> str:
    """The text of an example. Raises InputError for a name that is none."""
    if name not in names():
        close = difflib.get_close_matches(name, names(), 1)
        meant = f"did you mean {close[0]}?" if close else f"there are: {', '.join(names())}"
        raise InputError(f"template {name!r}: unknown; {meant}")
    return (_EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")


def about(name: str) -> str:
    """The first sentence of a template's purpose; empty when it states none."""
    first, _, _ = str(tomllib.loads(example(name)).get("purpose", "")).replace("\n", " ").partition(". ")
    return first


def template(name: str) -> str:
    """The example to edit. It can be read, printed and compared as it stands; founding waits for the officers' keys."""
    members = tomllib.loads(example(name))["member"]
    lines = [
        f"# From the template {name}. Before `hanse found draft`, fill in:",
        "#   each member's officer = the line that `hanse keys show` prints for its key",
        *textwrap.wrap(", ".join(member["name"] for member in members), 120, initial_indent="#   ", subsequent_indent="#   "),
        "# Names, amounts and days are an example's: make them yours, then ask `hanse charter lint`.",
        "",
    ]
    within = False
    for line in example(name).splitlines():
        lines.append(line)
        if line.startswith("["):
            within = line.startswith("[[member]]")
        elif within and line.split("=")[0].strip() == "name":
            lines.append(OFFICER)
    return "\n".join(lines) + "\n"
