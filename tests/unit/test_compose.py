"""DockerCoins by Compose: a lab's own bear its labels, a reader's are left alone."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml

from helpers.drivers import docker
from helpers.labs import shell
from helpers.paths import LABS
from helpers.records.engine import Endpoint
from helpers.records.labels import RunLabels

OURS = RunLabels("orchestration/010-compose", "7f3a", "host/boot/1/2").as_dict()
NOBODYS = RunLabels("", "", "").as_dict()
ENGINE = Endpoint("unix:///nowhere.sock", "test")


def application() -> dict[str, Any]:
    """Read the Compose file as Compose would: with the variables of this process filled in."""
    text = (LABS / "dockercoins" / "compose.yaml").read_text(encoding="utf-8")
    text = re.sub(r"\$\{(\w+):-(\w*)\}", lambda it: os.environ.get(it[1]) or it[2], text)
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def labels(found: dict[str, Any]) -> list[Any]:
    """Return the labels of all that the file makes: containers, images, networks, volumes."""
    services = list(found["services"].values())
    built = [service["build"] for service in services if "build" in service]
    others = [*found["networks"].values(), *found.get("volumes", {}).values()]
    assert (len(services), len(built), len(others)) == (5, 4, 1)
    return [thing.get("labels") for thing in [*services, *built, *others]]


@pytest.fixture
def entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A lab's shell, left again afterwards."""
    monkeypatch.setenv("CAAS_BOOK_RUN", "before")
    made = shell.enter(tmp_path / "bin", ENGINE, OURS)
    yield made
    made.leave()


def test_in_a_lab_all_that_compose_makes_is_the_labs(entered: Any) -> None:
    """Containers, built images and the network bear the run's labels, every one."""
    assert labels(application()) == [OURS] * 10
    entered.leave()
    assert os.environ["CAAS_BOOK_RUN"] == "before"
    assert "CAAS_BOOK_OWNER" not in os.environ


def test_by_hand_no_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a lab the labels name neither run nor owner."""
    for name in ("LAB", "RUN", "OWNER"):
        monkeypatch.delenv(f"CAAS_BOOK_{name}", raising=False)
    assert labels(application()) == [NOBODYS] * 10


def test_what_a_reader_started_by_hand_is_no_labs() -> None:
    """No clean-up finds a container whose label names no run; one with a run it does."""
    client = MagicMock()
    client.api.networks.return_value = client.api.images.return_value = []
    client.api.volumes.return_value = {"Volumes": None}
    client.api.containers.return_value = [
        {"Id": "a" * 64, "Names": ["/dockercoins-rng-1"], "Labels": NOBODYS},
        {"Id": "b" * 64, "Names": ["/run-7f3a-web"], "Labels": OURS},
    ]
    assert [thing.name for thing in docker.lab_objects(client)] == ["run-7f3a-web"]
