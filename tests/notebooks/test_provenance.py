"""A recording says on what it was made, in the words of `helpers.host`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from helpers.errors import EngineUnavailable
from helpers.records.engine import Endpoint
from helpers.records.host import Capabilities, Engine, Unavailable
from tools.notebooks import provenance

ENGINE = Engine(
    endpoint=Endpoint("unix:///nowhere.sock", "a test"),
    name="Docker",
    version="28.5.2",
    api="1.51",
    storage="overlay2",
    image_store="graph driver",
    cgroup="v2",
    kernel="6.12.1",
    system="Debian",
    rootless=False,
    desktop=False,
)


class Client:
    """An engine's client that knows its parts and its folder."""

    root = "/srv/engine/data"

    def version(self) -> dict[str, Any]:
        names = {"Engine": "28.5.2", "containerd": "2.1.9", "runc": "1.3.0"}
        return {"Components": [{"Name": n, "Version": v} for n, v in names.items()]}

    def info(self) -> dict[str, Any]:
        return {"DockerRootDir": self.root}

    def close(self) -> None: ...


def seen(engine: Engine | Unavailable = ENGINE, *, root: bool = True) -> Capabilities:
    return Capabilities(
        engine=engine,
        cgroup="hybrid",
        kernel="6.1.0",
        root=root,
        cores=2,
        memory=1,
        docker_cli="/usr/bin/docker",
        kind=Unavailable("no kind"),
    )


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    monkeypatch.setattr(provenance, "open_client", lambda _endpoint: Client())
    return Client


def test_a_lab_that_needs_docker_names_the_engine(client: type[Client]) -> None:
    """Engine, storage, kernel and cgroup are the engine's own; its parts are versions."""
    made = provenance.here(["docker"], seen)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made.pop("date"))
    versions = made.pop("versions")
    assert made == {
        "engine": "Docker 28.5.2",
        "storage": "overlay2",
        "kernel": "6.12.1",
        "cgroup": "v2",
    }
    assert versions.keys() == {"python", "api", "containerd", "runc"}


def test_a_lab_that_needs_nothing_names_no_engine() -> None:
    """A newer engine is no reason to record again what never met it."""
    made = provenance.here([], seen)
    assert "engine" not in made
    assert made["kernel"] == "6.1.0"


def test_unmet_needs_say_why() -> None:
    """Known needs are looked for; a need nobody knows how to look for is not met."""
    away = Unavailable("no container engine answers", "Start Docker.")
    assert provenance.unmet(["docker"], lambda: seen(away)) == (
        ("docker", "no container engine answers"),
    )
    assert provenance.unmet(["docker", "root"], seen) == ()
    (need, why), *rest = provenance.unmet(["luck", "root"], lambda: seen(root=False))
    assert (need, why) == ("luck", "nothing here knows how to look for it")
    assert [need for need, _why in rest] == ["root"]


def test_only_the_date_may_differ_on_one_system() -> None:
    """Any other difference makes another system."""
    one = {"date": "2026-11-23", "engine": "Docker 28.5.2", "versions": {"runc": "1"}}
    assert provenance.same_system(one, {**one, "date": "2027-01-01"})
    assert not provenance.same_system(one, {**one, "versions": {"runc": "2"}})
    assert not provenance.same_system({}, one)


def test_an_engine_of_our_own_shows_the_usual_folder(
    client: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its data lie is this machine's affair; a reader's lie in /var/lib/docker."""
    assert provenance.words(["docker"], seen) == {"/srv/engine/data": "/var/lib/docker"}
    assert provenance.words([], seen) == {}
    assert provenance.words(["docker"], lambda: seen(Unavailable("none"))) == {}
    monkeypatch.setattr(client, "root", "/var/lib/docker")
    assert provenance.words(["docker"], seen) == {}


def test_an_engine_that_goes_away_costs_details_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer the recording still names what the probe saw."""

    def gone(endpoint: Endpoint) -> Client:
        raise EngineUnavailable(endpoint.url)

    monkeypatch.setattr(provenance, "open_client", gone)
    assert provenance.here(["docker"], seen)["engine"] == "Docker 28.5.2"
    assert provenance.words(["docker"], seen) == {}
