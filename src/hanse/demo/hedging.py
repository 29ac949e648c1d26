"""What of the hedge the demo's page shows: the models an application depends on, a lock that holds its own model, and smaller files
of it, compared, swapped in and rolled back."""

from __future__ import annotations

from hanse.demo.findings import Result
from hanse.hedge.record import picture
from hanse.page.svg import esc
from hanse.page.table import fold
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


def compared(result: Result) -> str:
    """Each smaller file with its verdict, and an answer that it changed."""
    verdicts = {words(row.get("file")): row for row in rows(dig(result, "hedge", "swap", "verdicts"))}
    if not verdicts:
        return ""
    lines = []
    for row in rows(dig(result, "hedge", "swap", "files")):
        name = words(row.get("file"))
        found = verdicts.get(name, {})
        worse = found.get("worse") or {}
        changed = f"{words(worse.get('incumbent'))!r} became {words(worse.get('substitute'))!r}" if worse else ""
        size = f"{int(row.get('bytes') or 0) / 1e6:.2f} MB"
        cells = (size, f"{row.get('bits_per_weight'):.2f}", words(found.get("text")) or "the incumbent", changed)
        lines.append(f"<tr><td><b>{esc(name)}</b></td>{''.join(f'<td>{esc(cell)}</td>' for cell in cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("file", "size", "bits a weight", "verdict", "an answer that changed"))
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"


def chained(result: Result) -> str:
    """The chain of the demo's model, and what the client heard on the way."""
    status = dig(result, "hedge", "swap", "status")
    if not status:
        return ""
    models = rows(status.get("models"))
    drawn = "".join(picture.tree(models, width) for width in (picture.WIDE, picture.NARROW))
    problems = "; ".join(map(words, status.get("problems") or ()))
    said = f"<p class='absent'>{esc(problems)}</p>" if problems else ""
    heard = [(row.get("when"), row.get("target"), row.get("text")) for row in rows(dig(result, "hedge", "swap", "asked"))]
    table = fold(f"What a client heard that asked the same address: {dig(result, 'hedge', 'swap', 'prompt')}",
                 ("when", "target", "answer"), heard)  # fmt: skip
    return f"<div class='hedge'>{picture.legend(picture.kinds(models))}<figure>{drawn}</figure>{said}{table}</div>"
