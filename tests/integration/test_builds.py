"""Building on the real engine: what the legacy builder leaves, and what it must not take."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing

import pytest
from docker import DockerClient

from helpers.drivers import builds, images
from helpers.drivers.engine import find, open_client

pytestmark = pytest.mark.docker

STAGES = """\
FROM {base} AS make
RUN echo {mark} > /made
FROM {base}
COPY --from=make /made /
"""


@pytest.fixture
def client() -> Iterator[DockerClient]:
    endpoint = find()
    assert endpoint is not None
    with closing(open_client(endpoint)) as opened:
        yield opened


def test_stages_without_a_name_go_and_nothing_else(client: DockerClient) -> None:
    """The legacy builder's log also names the base, and images with names: those stay."""
    base = images.reference("busybox")
    images.ensure(client, ["busybox"], lambda *_told: None)
    before = client.images.get(base).id
    recipe = STAGES.format(base=base, mark="caas-book-test-builds")
    made, told = client.images.build(fileobj=io.BytesIO(recipe.encode()), rm=True, nocache=True)
    made.tag("caas-book/test-builds", "1")
    log = [line for part in told for line in str(part.get("stream", "")).splitlines()]
    try:
        named = {line.split()[-1] for line in log if line.strip().startswith("--->")}
        stages = [each for each in named if _is_nameless(client, each)]
        builds.forget_steps(client, log)
        assert client.images.get(base).id == before
        assert client.images.get("caas-book/test-builds:1").id == made.id
    finally:
        client.images.remove("caas-book/test-builds:1")
    assert stages
    assert not [each for each in stages if _is_nameless(client, each)]


def _is_nameless(client: DockerClient, name: str) -> bool:
    from docker.errors import NotFound

    try:
        return not client.images.get(name).tags
    except NotFound:
        return False
