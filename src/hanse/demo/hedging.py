"""What of the hedge the demo's page shows: the models an application depends on, and a lock that holds its own model."""

from __future__ import annotations

from hanse.demo.findings import Result
from hanse.page.svg import esc
from hanse.page.values import dig, rows, words


def known(result: Result) -> str:
    """The scan's findings, worst first: unresolved, not pinned, pinned."""
    found = rows(dig(result, "hedge", "findings"))
    if not found:
        return ""
    order = sorted(found, key=lambda row: (bool(row.get("resolved")), bool(row.get("pinned")), words(row.get("file"))))
    lines = []
    for row in order:
        state = "unresolved" if not row.get("resolved") else "pinned" if row.get("pinned") else "not pinned"
        place = f"{words(row.get('file'))}:{row.get('line')}"
        lines.append(
            f"<tr><td>{esc(state)}</td><td class='wide'><b>{esc(row.get('ref'))}</b></td><td>{esc(row.get('revision') or '')}</td>"
            f"<td>{esc(place)}</td><td>{esc(row.get('how'))}</td></tr>"
        )
    head = "<tr><th>state</th><th>model</th><th>revision</th><th>where</th><th>found by</th></tr>"
    return f"<div class='scroll'><table><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table></div>"


def locked(result: Result) -> str:
    """The lock of the demo's model: verified, and what one flipped bit does."""
    lock = dig(result, "hedge", "lock")
    if not lock:
        return ""
    files, tampered = rows(lock.get("files")), rows(dig(result, "hedge", "tampered"))
    problems = dig(result, "hedge", "verified") or []
    size = sum(int(row.get("size") or 0) for row in files)
    said = "every byte as locked" if not problems else f"{len(problems)} problems"
    caught = "; ".join(f"{words(row.get('kind'))}: {words(row.get('text'))}" for row in tampered) or "nothing"
    bad = "" if not problems and tampered else " bad"
    return (
        f"<div class='replay{bad}'><h3>{esc(said)}</h3><p>{len(files)} files, {size / 1e6:.1f} MB, entry "
        f"{esc(str(lock.get('entry'))[:16])}…</p><p>One bit flipped in a copy. Verify says: {esc(caught)}</p></div>"
    )
