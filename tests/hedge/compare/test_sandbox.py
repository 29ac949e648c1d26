"""A checker may do what it likes: the worst is a failed item, with a reason."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from hanse.hedge.compare.sandbox import Held, How, Limits, holding, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs processes of POSIX")
LIMITS = Limits(wall_seconds=8, cpu_seconds=1, memory_bytes=256 << 20)
SHORT = Limits(wall_seconds=2, cpu_seconds=1)
MARKER = "hanse-test-daemon"


def ran(body: str, limits: Limits = LIMITS, how: How = "namespaces", answer: str = "4") -> Held:
    """A checker with this body."""
    if how == "namespaces" and holding() != "namespaces":
        pytest.skip("this system gives no namespaces")
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    source = f"import os, signal, socket, sys, time\ndef check(answer, item):\n{lines}"
    return run(source, "made.py", answer, {"id": "a"}, limits, how)


both = pytest.mark.parametrize("how", ["namespaces", "limits"])


@both
@pytest.mark.parametrize(
    ("body", "mark"), [("return answer == '4'", 1.0), ("return item['id'] == 'b'", 0.0), ("return 0.25", 0.25)]
)
def test_a_checker_marks(how: How, body: str, mark: float) -> None:
    assert ran(body, how=how) == Held(mark, "", how)


@both
def test_what_a_checker_prints_is_no_mark(how: How) -> None:
    assert ran("print('{\"mark\": 1.0}'); return False", how=how).mark == 0.0


@both
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return 2", "TypeError: check gave 2, expected a bool or a number from 0 to 1"),
        ("return float('nan')", "TypeError: check gave nan, expected a bool or a number from 0 to 1"),
        ("return None", "TypeError: check gave None, expected a bool or a number from 0 to 1"),
        ("raise ValueError('no\\x1b[31m')", "ValueError: no\ufffd[31m"),
        ("sys.exit(0)", "ended with code 0 and no mark"),
        ("os._exit(97)", "ended with code 97 and no mark"),
        ("while True: pass", "used more than 1 CPU seconds"),
        ("b = bytearray(10 << 30); return True", "MemoryError"),
        ("b = []\nwhile True: b.append(bytearray(1 << 20))", "MemoryError"),
        ("sys.stdout.write('x' * (100 << 20)); return True", "wrote more than 65536 bytes"),
        ("while True: os.write(2, b'x' * 65536)", "wrote more than 65536 bytes"),
        ("os.fork(); return True", "BlockingIOError: [Errno 11] Resource temporarily unavailable"),
    ],
)
def test_a_hostile_checker_is_a_failed_item(how: How, body: str, reason: str) -> None:
    assert ran(body, how=how) == Held(None, reason, how)


@both
def test_a_mark_with_words_after_it_is_none(how: How) -> None:
    held = ran("for fd in range(3, 20):\n    try: os.write(fd, b'1' * 5000)\n    except OSError: pass\nreturn True", how=how)
    assert held.mark is None
    assert "wrote more than 4096 bytes" in held.reason


@both
def test_one_that_sleeps_and_hears_no_signal_is_ended(how: How) -> None:
    began = time.monotonic()
    ignoring = "for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU): signal.signal(n, signal.SIG_IGN)\n"
    assert ran(ignoring + "time.sleep(3600)", SHORT, how) == Held(None, "ran longer than 2 seconds", how)
    assert time.monotonic() - began < 60
    assert ran(ignoring + "while True: pass", LIMITS, how).mark is None


@both
def test_one_that_closes_its_output_and_stays_is_ended(how: How) -> None:
    assert ran("os.closerange(0, 60); time.sleep(3600)", SHORT, how) == Held(None, "ran longer than 2 seconds", how)


@both
@pytest.mark.parametrize("call", ["socket.create_connection(('127.0.0.1', {port}), 2)", "socket.getaddrinfo('example.org', 443)"])
def test_there_is_no_network(how: How, call: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        held = ran(f"{call.format(port=listener.getsockname()[1])}; return True", how=how)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert held.mark is None
    assert held.reason


def test_nothing_is_seen_and_nothing_can_be_written_but_one_small_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s", encoding="utf-8")
    tmp_path.chmod(0o777)
    outside = (tmp_path, Path(tempfile.gettempdir()), Path(__file__), Path("/etc/passwd"), Path("/proc/self"), Path("/run"))
    for parent in (path for path in outside if path not in Path(sys.prefix).parents):  # Python itself is there
        assert ran(f"return os.path.exists({str(parent)!r})").mark == 0.0, parent
    for place in (sys.prefix, "/usr", "/", "/dev"):
        assert "Error" in ran(f"open({place + '/x'!r}, 'w'); return True").reason, place
    assert ran("return os.listdir('.') == [] and dict(os.environ).get('HOME') == os.getcwd()").mark == 1.0
    assert ran("open('a', 'w').write('x'); return os.listdir('.') == ['a']").mark == 1.0
    assert ran("open('a', 'wb').write(b'x' * (64 << 20)); return True").reason.startswith("OSError")
    filling = "for n in range(100):\n    open(str(n), 'wb').write(b'x' * (4 << 20))\nreturn True"
    assert ran(filling).reason == "OSError: [Errno 28] No space left on device"
    assert os.listdir(tmp_path) == ["secret"]


def test_without_namespaces_no_file_can_be_filled(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    held = ran(f"open({str(tmp_path / 'x')!r}, 'wb').write(b'x' * 100000); return True", how="limits")
    assert held.mark is None
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0


@both
def test_the_environment_is_not_the_users(how: How, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_TEST_KEY", "secret")
    assert ran("return 'HANSE_TEST_KEY' in os.environ", how=how).mark == 0.0


def test_it_cannot_end_its_parents_or_anybody() -> None:
    body = "for n in (os.getppid(), 1, -1, 0):\n    if n: \n        try: os.kill(n, signal.SIGKILL)\n        except OSError: pass\n"
    assert ran(body + "return True").mark == 1.0
    assert ran("os.kill(0, signal.SIGKILL); time.sleep(9)", SHORT).mark is None
    assert ran("os.kill(os.getpid(), signal.SIGSEGV)").reason == "was ended by signal 11"


def test_a_fork_bomb_is_held() -> None:
    held = ran("while True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)", Limits(2, 1, processes=8))
    assert held == Held(None, "ran longer than 2 seconds", "namespaces")
    counting = "n = 1\ntry:\n    while os.fork(): n += 1\n    time.sleep(9)\nexcept OSError: return n == 5"
    assert ran(counting, Limits(processes=5)).mark == 1.0


def test_a_daemon_ends_with_its_checker() -> None:
    body = f"""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(0, 60)
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{MARKER}"])
    os._exit(0)
time.sleep(0.5)
return True
"""
    assert ran(body, Limits(processes=4)).mark == 1.0
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in running if MARKER.encode() in line]


def test_no_new_rights_are_to_be_had() -> None:
    call = "import ctypes\nlibc = ctypes.CDLL(None)\n"
    for name in ("unshare(0x10000000)", "unshare(0x20000)", "mount(b'none', b'/', None, 4128, None)", "umount2(b'/usr', 2)"):
        assert ran(call + f"return libc.{name} == 0").mark == 0.0, name
    assert ran(call + "return libc.shmget(0, 1 << 20, 0o1600) >= 0").mark == 0.0
    for call in ("os.chroot('.')", "os.setgroups([])", "os.setuid(1)", "socket.sethostname('x')"):
        assert "Error" in ran(f"{call}; return True").reason, call
