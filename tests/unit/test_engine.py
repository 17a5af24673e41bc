"""Where engines are looked for, in which order, and what is said when none answers."""

from __future__ import annotations

import errno
import json
from hashlib import sha256
from pathlib import Path

import docker.errors
import pytest
import requests

from helpers.drivers import engine
from helpers.errors import (
    DiskFull,
    EngineError,
    EngineUnavailable,
    ImageMissing,
    LabError,
    PortTaken,
    TimedOut,
)
from helpers.records.engine import Endpoint

USUAL = "unix:///var/run/docker.sock"


def make_context(folder: Path, name: str, host: str, *, tls: bool = False) -> None:
    """Write a CLI context as `docker context create` does."""
    ident = sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / ident
    meta.mkdir(parents=True)
    content = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}
    (meta / "meta.json").write_text(json.dumps(content))
    if tls:
        (folder / "contexts" / "tls" / ident / "docker").mkdir(parents=True)


def urls(environ: dict[str, str]) -> list[str]:
    return [each.url for each in engine.candidates(environ)]


def test_docker_host_rules_alone(tmp_path: Path) -> None:
    """Where DOCKER_HOST is set, `docker` looks nowhere else, and neither do the labs."""
    make_context(tmp_path, "colima", "unix:///colima.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "colima"}')
    environ = {"DOCKER_HOST": "tcp://10.1.1.1:2375", "DOCKER_CONFIG": str(tmp_path)}
    assert urls(environ) == ["tcp://10.1.1.1:2375"]


def test_the_order_a_person_would_expect(tmp_path: Path) -> None:
    """The current context, the usual socket, rootless Docker, then Podman for the user and root."""
    make_context(tmp_path, "colima", "unix:///colima.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "colima"}')
    environ = {"DOCKER_CONFIG": str(tmp_path), "XDG_RUNTIME_DIR": "/run/user/7"}
    assert urls(environ) == [
        "unix:///colima.sock",
        USUAL,
        "unix:///run/user/7/docker.sock",
        "unix:///run/user/7/podman/podman.sock",
        "unix:///run/podman/podman.sock",
    ]


def test_docker_context_goes_before_the_configured_one(tmp_path: Path) -> None:
    """The variable wins over config.json, and the context's TLS folder comes along."""
    make_context(tmp_path, "one", "unix:///one.sock")
    make_context(tmp_path, "two", "tcp://two:2376", tls=True)
    (tmp_path / "config.json").write_text('{"currentContext": "one"}')
    found = engine.current_context({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "two"})
    assert found is not None
    assert (found.url, found.source) == ("tcp://two:2376", "context two")
    assert found.tls is not None
    assert Path(found.tls).is_dir()


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", '{"currentContext": "default"}'])
def test_no_context_of_ones_own(tmp_path: Path, text: str) -> None:
    """Without a context, with the default one, or with a broken file, the usual socket is first."""
    (tmp_path / "config.json").write_text(text)
    assert urls({"DOCKER_CONFIG": str(tmp_path)})[0] == USUAL


def test_home_holds_the_configuration(tmp_path: Path) -> None:
    """Without DOCKER_CONFIG the folder is ~/.docker."""
    make_context(tmp_path / ".docker", "x", "unix:///x.sock")
    found = engine.current_context({"HOME": str(tmp_path), "DOCKER_CONTEXT": "x"})
    assert found is not None
    assert found.url == "unix:///x.sock"


def test_an_undefined_context_is_named(tmp_path: Path) -> None:
    """A context that nobody defined is reported and passed over."""
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "gone"}
    with pytest.raises(EngineUnavailable, match="not defined"):
        engine.answer(engine.current_context(environ) or Endpoint("", ""))


def test_the_first_that_answers_is_taken_and_the_rest_explained() -> None:
    """The search stops at the first answer and keeps why each one before it failed."""

    def ping(endpoint: Endpoint) -> None:
        if "rootless" not in endpoint.source:
            raise engine.NoAnswer(endpoint.url, "there is no such socket")

    seen = engine.search({"XDG_RUNTIME_DIR": "/run/user/7"}, ping)
    assert seen.endpoint is not None
    assert seen.endpoint.url == "unix:///run/user/7/docker.sock"
    assert [(each.endpoint.url, each.why) for each in seen.tried] == [
        (USUAL, "there is no such socket")
    ]


def test_the_same_place_is_tried_once(tmp_path: Path) -> None:
    """A context that names the usual socket does not double it."""
    make_context(tmp_path, "same", USUAL)
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "same"}
    asked: list[str] = []

    def ping(endpoint: Endpoint) -> None:
        asked.append(endpoint.url)
        raise engine.NoAnswer(endpoint.url, "no")

    assert engine.search(environ, ping).endpoint is None
    assert asked.count(USUAL) == 1


def test_labs_engine_none_switches_off() -> None:
    """LABS_ENGINE=none finds nothing without asking anyone."""
    seen = engine.search({"LABS_ENGINE": "none"}, lambda _: pytest.fail("asked"))
    assert seen.endpoint is None
    assert seen.tried[0].why == "switched off"


def test_engines_behind_ssh_are_refused_with_a_reason() -> None:
    """Their published ports would lie on another machine."""
    with pytest.raises(EngineUnavailable, match="other machine"):
        engine.answer(Endpoint("ssh://me@there", "DOCKER_HOST"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("unix:///nonexistent/docker.sock", "no such socket"),
        ("tcp://127.0.0.1:1", "nothing listens"),
    ],
)
def test_nobody_there_is_said_in_words(url: str, why: str) -> None:
    """Real attempts at places where nothing answers name the reason and a remedy."""
    with pytest.raises(EngineUnavailable, match=why) as caught:
        engine.open_client(url)
    assert url in caught.value.what
    assert caught.value.remedy


def test_a_silent_listener_times_out(tmp_path: Path) -> None:
    """Something that accepts and never answers costs the time-out, and is named so."""
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        path = tmp_path / "mute.sock"
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(TimedOut, match=r"0\.2 s"):
            engine.open_client(f"unix://{path}", timeout=0.2)


# What engines of version 20.10 and 28.5 were seen to answer.
ANSWERS = [
    (500, "driver failed programming external connectivity on endpoint x: Bind for "
     "127.0.0.1:80 failed: port is already allocated", PortTaken),
    (500, "Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use",
     PortTaken),
    (500, "write /var/lib/docker/tmp/x: no space left on device", DiskFull),
    (404, "No such image: nope:latest", ImageMissing),
    (404, "pull access denied for nope, repository does not exist or may require login",
     ImageMissing),
    (500, 'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
     ImageMissing),
    (404, "No such container: nope", EngineError),
    (409, "Conflict. The container name is already in use", EngineError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "text", "kind"), ANSWERS)
def test_each_refusal_becomes_its_error(status: int, text: str, kind: type[LabError]) -> None:
    """The engine's words decide, as it gives nearly every failure the same status."""
    response = requests.Response()
    response.status_code = status
    error = docker.errors.APIError("said", response=response, explanation=text)
    with pytest.raises(LabError) as caught:
        with engine.engine_errors():
            raise error
    assert type(caught.value) is kind
    assert caught.value.remedy
    assert caught.value.__cause__ is error


def test_a_taken_port_is_named_and_the_rest_left_out() -> None:
    """The engine wraps the address into ids; the reader needs the address alone."""
    told = engine.refusal(ANSWERS[1][1], 500)
    assert told.what == "Something else already listens on 127.0.0.1:80."


def test_a_full_disk_within_a_build_is_a_full_disk() -> None:
    """Builds report in a stream, without a status."""
    told = engine.translate(docker.errors.BuildError("x: no space left on device", []))
    assert isinstance(told, DiskFull)


def test_a_full_disk_on_this_side_is_a_full_disk() -> None:
    """A lab's own files can fill the disk as well."""
    with pytest.raises(DiskFull), engine.engine_errors():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_other_errors_pass_unchanged() -> None:
    """A mistake in a lab is not the engine's: its own type and traceback stay."""
    with pytest.raises(ZeroDivisionError), engine.engine_errors():
        1 / 0  # noqa: B018
    with pytest.raises(FileNotFoundError), engine.engine_errors():
        Path("/nonexistent").read_text()


def test_a_lab_error_passes_unchanged() -> None:
    """Nested blocks translate once."""
    with pytest.raises(TimedOut), engine.engine_errors(), engine.engine_errors():
        raise TimedOut("x", 1)
