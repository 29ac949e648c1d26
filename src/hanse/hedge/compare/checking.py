"""What runs one Python checker, in the process that holds it (`held`): nothing but the standard library, and nothing of Hanse.

Job on standard input: {"source": ..., "name": ..., "answer": ..., "item": ...}, JSON. The checker defines `check(answer, item)`,
which gives a bool or a mark from 0 to 1. On standard output: {"mark": ...}. What the checker prints goes to standard error.
"""

import json
import os
import sys


def main() -> None:
    told = os.dup(1)
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    names = {"__name__": "checker", "__file__": job["name"]}
    exec(compile(job["source"], job["name"], "exec"), names)  # that is what it is for
    mark = names["check"](job["answer"], job["item"])
    if not isinstance(mark, bool | int | float) or not 0 <= mark <= 1:
        raise TypeError(f"check gave {mark!r:.80}, expected a bool or a number from 0 to 1")
    os.write(told, json.dumps({"mark": float(mark)}).encode())


if __name__ == "__main__":
    main()
