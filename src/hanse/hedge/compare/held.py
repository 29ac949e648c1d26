"""The process that holds one Python checker: `python -m hanse.hedge.compare.held HOW LIMITS FOLDER`, started by `sandbox`.

namespaces (Linux): user, mount, process, network and IPC namespaces of its own. It sees the system's libraries and Python,
read-only, and one empty folder in memory; there is no other process, no network, and when it ends everything it started
ends. limits: the process limits alone, no child, Python's own sockets refused; elsewhere it may read, and in what its user
may write make or delete files. Root becomes a user without rights in both.

When all of that stands, and not before, {"held": ...} is printed; the checker's mark is the next line.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from hanse.hedge.compare import checking
from hanse.hedge.cut import NEWNET, NEWUSER, cut

NEWNS, NEWIPC, NEWPID = 0x20000, 0x8000000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
RDONLY, NOSUID = 1, 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
CAPABILITIES = 64
SEEN = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/dev/null", "/nix/store", "/gnu/store")
"""What programs need of a system, beside Python's own folders."""
WORK = "/hanse-check"
USER_MIN, USERS = 61184, 4336
"""Users nobody else has (systemd sets them aside): one for each run of root, so that two do not share a limit."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": WORK, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""All there is: nothing of the user's. Threads would count as processes."""
OPEN_FILES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def main(how: str, limits: dict[str, int], folder: str) -> None:
    """Hold the checker whose job is on standard input."""
    user = USER_MIN + os.getpid() % USERS if os.getuid() == 0 else None
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if how == "limits":
        _alone(user, limits, folder)
        return
    _enter(user)
    _enclose(Path(folder), limits["file_bytes"])
    code = os.fork()
    if code:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(code, 0)[1]) & 0xFF)
    _first(user, limits)


def _alone(user: int | None, limits: dict[str, int], folder: str) -> None:
    os.chdir(folder)
    _become(user)
    _limit(limits, processes=0, file_bytes=0)
    cut("hook")
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    _say("limits")
    checking.main()


def _first(user: int | None, limits: dict[str, int]) -> None:
    """The first process of its namespace: nothing in there can end it, and what is left ends with it."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child:
        while True:
            ended, status = os.wait()
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    os.closerange(3, OPEN_FILES)
    parents = _become(user)
    _limit(limits, limits["processes"] + parents, limits["file_bytes"])
    for capability in range(CAPABILITIES):  # with an empty bounding set, exec leaves none
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    if not os.access(sys.executable, os.X_OK):
        raise PermissionError(f"{sys.executable}: cannot be run without rights")
    _say("namespaces")
    os.execve(sys.executable, [sys.executable, "-I", "-B", "-X", "utf8", "-c", _TEXT], ENVIRONMENT)


def _enter(user: int | None) -> None:
    """Into new namespaces, as their root, and with `user` in them; that map is written by a child that stays outside."""
    ready, go = os.pipe()
    parent, writer = os.getpid(), 0
    own, group = os.getuid(), os.getgid()
    if user is not None:
        writer = os.fork()
        if not writer:
            os.close(go)
            if os.read(ready, 1):
                _write(f"/proc/{parent}/gid_map", f"0 0 1\n{user} {user} 1\n")
                _write(f"/proc/{parent}/uid_map", f"0 0 1\n{user} {user} 1\n")
            os._exit(0)
    if _libc.unshare(NEWUSER | NEWNET | NEWNS | NEWIPC | NEWPID) != 0:
        raise _failed("unshare")
    if writer:
        os.write(go, b"x")
        if os.waitpid(writer, 0)[1]:
            raise PermissionError("uid_map cannot be written")
    else:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/gid_map", f"0 {group} 1\n")
        _write("/proc/self/uid_map", f"0 {own} 1\n")
    for name in ("user/max_user_namespaces", "kernel/shmmni", "kernel/msgmni"):  # rights and memory beside its limits
        with suppress(OSError):
            _write(f"/proc/sys/{name}", "0")


def _write(path: str, text: str) -> None:
    """Without a codec, whose module may be out of reach by now."""
    opened = os.open(path, os.O_WRONLY)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def _enclose(root: Path, file_bytes: int) -> None:
    """Make `root` the only files there are."""
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _mount("tmpfs", str(root), "tmpfs", 0, "size=1m,mode=755")
    for name in sorted({*SEEN, sys.prefix, sys.base_prefix}, key=len):
        place, inside = Path(name), root / name[1:]
        if not place.exists() or inside.exists():
            continue
        inside.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            inside.symlink_to(os.readlink(place))
            continue
        if place.is_dir():
            inside.mkdir()
        else:
            inside.touch()
        _mount(name, str(inside), "", MS_BIND | MS_REC)
    work = root / WORK[1:]
    work.mkdir(exist_ok=True)
    _read_only(root)
    _mount("tmpfs", str(work), "tmpfs", 0, f"size={file_bytes},nr_inodes=1000,mode=777")
    os.chdir(root)
    if _libc.pivot_root(b".", b".") != 0 or _libc.umount2(b".", MNT_DETACH) != 0:
        raise _failed("pivot_root")
    os.chdir(WORK)


def _read_only(root: Path) -> None:
    attributes = (ctypes.c_uint64 * 4)(RDONLY | NOSUID, 0, 0, 0)
    path = ctypes.c_char_p(os.fsencode(root))
    if _libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, attributes, ctypes.sizeof(attributes)) != 0:
        raise _failed("mount_setattr")


def _become(user: int | None) -> int:
    """None: who one is. How many of this process' two parents are that user too, and so are counted."""
    if user is None:
        return 2
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return 0


def _limit(limits: dict[str, int], processes: int, file_bytes: int) -> None:
    seconds = limits["cpu_seconds"]
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))


def _say(how: str) -> None:
    os.write(1, json.dumps({"held": how}).encode() + b"\n")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    given = [ctypes.c_char_p(os.fsencode(text)) for text in (source, target, kind, data)]
    if _libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), given[3]) != 0:
        raise _failed(f"mount {target}")


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and _libc.prctl(option, value, 0, 0, 0) != 0:
        raise _failed(f"prctl {option}")


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


_TEXT = Path(checking.__file__).read_text(encoding="utf-8")  # before its file is out of sight

if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
