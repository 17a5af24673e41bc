"""docker/010-run: what its exercise accepts and refuses, and what its page claims."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.containers import Container

from helpers import checks, paths
from helpers.analysis.lifecycle import lives
from helpers.checks import Met, NotYet, Outcome
from helpers.checks.docker_010 import FAREWELL, Seen, judge
from helpers.drivers.docker import events
from helpers.host import look_for_engine
from helpers.labs import catalog, owner, session
from helpers.records.host import Engine
from helpers.records.lifecycle import Ending, Sent
from helpers.waiting import wait_until

LAB = "docker/010-run"
FILES = paths.LABS / LAB
needs_docker = pytest.mark.docker

# -- verdicts, from what was seen alone

KILLED = Ending(12.0, 137, (Sent(10.0, "SIGTERM"), Sent(12.0, "SIGKILL")))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(state=""), "no container"),
        (Seen(state="running", sold=4), "is running; sales so far: 4"),
        (Seen(exit_code=1, sold=0, written=0), "ended with 1 before it sold"),
        (Seen(same_program=False), "till.py differs"),
        (Seen(exit_code=137, written=0, farewell=False, ending=KILLED), "SIGKILL 2.0 s after SIGT"),
        (Seen(exit_code=143, written=0, farewell=False), "of 3 sales, 0"),
        (Seen(exit_code=0, written=2), "of 3 sales, 2"),
        (Seen(exit_code=0, farewell=False), "of 3 sales, 3"),
    ],
)
def test_the_till_is_not_yet_mended(seen: Seen, says: str) -> None:
    """Each way to fall short is told by what was seen, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint


def test_a_quick_end_without_a_farewell_gets_a_hint_of_its_own() -> None:
    """Who tried --init is not told again to look at how long it took."""
    killed = judge(Seen(exit_code=137, written=0, farewell=False))
    quick = judge(Seen(exit_code=143, written=0, farewell=False))
    assert isinstance(killed, NotYet)
    assert isinstance(quick, NotYet)
    assert killed.hint != quick.hint
    assert "kernel kills the rest" in quick.hint


@pytest.mark.parametrize("code", [0, 143])
def test_the_till_is_mended(code: int) -> None:
    """All sales in the book, the farewell in the log, a clean end: that is all it takes."""
    assert isinstance(judge(Seen(exit_code=code)), Met)


# -- the keyboard, on a command of our own


def test_the_keyboard_presses_ctrl_c_once_something_was_said() -> None:
    """The command gets SIGINT from a terminal, after its first words, and its status counts."""
    script = "trap 'echo heard; exit 3' INT; echo ready; while :; do sleep 0.1; done"
    command = [sys.executable, str(FILES / "keyboard.py"), "^C", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert done.stdout.split() == ["ready", "^Cheard"]


# -- on the engine


@pytest.fixture
def here() -> Iterator[session.Session]:
    """A run of the lab outside a notebook; all that it makes goes away."""
    engine = look_for_engine()
    assert isinstance(engine, Engine), engine
    opened = session.Session(catalog.load(LAB), session.new_run(), engine, owner.current())
    yield opened
    assert opened.close().failed == ()


def run(here: session.Session, short: str, *command: str, **options: object) -> Container:
    """Start a container of this run in the background."""
    return here.docker.containers.run(
        here.image("python"),
        list(command),
        name=here.name(short),
        labels=here.labels,
        detach=True,
        **options,
    )


def says(container: Container, what: bytes) -> None:
    """Wait until a container has said something."""
    wait_until(lambda: what in container.logs(), what=f"{what!r} in the log")


def ended(container: Container) -> tuple[str, int]:
    """Return a container's state and exit code."""
    container.reload()
    return container.attrs["State"]["Status"], container.attrs["State"]["ExitCode"]


def put(container: Container, name: str, content: bytes) -> None:
    """Put a file into a container's root folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        facts = tarfile.TarInfo(name)
        facts.size = len(content)
        archive.addfile(facts, io.BytesIO(content))
    container.put_archive("/", packed.getvalue())


def check(here: session.Session) -> Outcome:
    """Check the exercise."""
    return checks.run_check(checks.find(LAB, "till"), here)


def another_till(here: session.Session, **options: object) -> Container:
    """Make a new till from the shop's image, not yet started."""
    here.container("till").remove(force=True)
    return here.docker.containers.create(
        here.name("shop"), name=here.name("till"), labels=here.labels, **options
    )


@needs_docker
def test_init_is_a_quick_end_that_loses_the_sales(here: session.Session) -> None:
    """With --init, SIGTERM ends the shell at once, and the till is killed all the same."""
    checks.find(LAB, "till").start(here)
    till = another_till(here, init=True)
    till.start()
    says(till, b"sale 2")
    assert isinstance(outcome := check(here), NotYet)
    assert "is running" in outcome.observed
    till.stop()
    assert ended(till) == ("exited", 143)
    assert isinstance(outcome := check(here), NotYet)
    assert "0 are in its book" in outcome.observed


@needs_docker
def test_exec_in_the_script_solves_it_and_another_program_does_not(here: session.Session) -> None:
    """`exec` gives the shell's place to the till; a till that is not the shop's is refused."""
    checks.find(LAB, "till").start(here)
    script = (FILES / "start.sh").read_text().replace("python3 /till.py", "exec python3 /till.py")
    till = another_till(here)
    put(till, "start.sh", script.encode())
    till.start()
    says(till, b"sale 2")
    till.stop()
    assert isinstance(outcome := check(here), Met), outcome
    put(till, "till.py", b"print('" + FAREWELL.encode() + b"')")
    assert isinstance(outcome := check(here), NotYet)
    assert "till.py differs" in outcome.observed


@needs_docker
def test_a_command_in_a_shell_leaves_the_shell_as_process_1(here: session.Session) -> None:
    """The last paragraph's claim about `CMD python3 app.py`, on the book's own image."""
    box = run(here, "shell-form", "sh", "-c", "sleep 600")
    assert box.exec_run("cat /proc/1/comm").output == b"sh\n"


@needs_docker
def test_a_pause_sends_no_signal(here: session.Session) -> None:
    """The witness notes every signal there is, SIGCONT too, and notes none for a pause."""
    here.image("python")
    witness = here.docker.containers.create(
        here.image("python"), "python3 /witness.py", name=here.name("w"), labels=here.labels
    )
    put(witness, "witness.py", Path(FILES / "witness.py").read_bytes())
    witness.start()
    says(witness, b"started")
    witness.pause()
    witness.unpause()
    witness.stop()
    notes = [line.split(" s ")[1] for line in witness.logs(stdout=False).decode().splitlines()]
    assert notes == ["started as process 1", "SIGTERM", "tidied up, goodbye"]


@needs_docker
def test_python_ends_on_another_stop_signal(here: session.Session) -> None:
    """The quiz's claim: with --stop-signal INT, Python says KeyboardInterrupt and ends with 130."""
    program = "import time; print('ready', flush=True); time.sleep(600)"
    sleeper = run(here, "int", "python3", "-c", program, stop_signal="INT")
    says(sleeper, b"ready")
    sleeper.stop()
    assert ended(sleeper) == ("exited", 130)
    assert b"KeyboardInterrupt" in sleeper.logs()


@needs_docker
def test_the_kernels_kill_is_137_too_and_no_event_of_the_engine(here: session.Session) -> None:
    """The page's claim about 137: it may be the kernel's, and then the engine sent nothing."""
    if not here.docker.info()["MemoryLimit"]:
        pytest.skip("this engine cannot limit memory")
    began = time.time()
    hog = run(
        here, "hog", "python3", "-c", "x = b'x' * 200_000_000", mem_limit="32m", memswap_limit="32m"
    )
    hog.wait(timeout=60)
    assert ended(hog) == ("exited", 137)
    told = events(here.docker, since=began, until=time.time() + 1, filters={"container": hog.id})
    (ending,) = lives(told)[0].endings
    assert (ending.exit_code, ending.signals) == (137, ())
