"""How long a reader on Binder waits for JupyterLab, once the container is started."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

import pytest

from helpers.drivers.engine import find, open_client
from tests.binder import conftest
from tools import binder
from tools.performance import judge

ROUNDS = 3


@pytest.fixture(scope="module")
def image() -> str:
    """The image as Binder builds it."""
    return binder.build()


def test_jupyterlab_answers(image: str, benchmark: Any) -> None:
    """From `docker run` to JupyterLab's page."""
    endpoint = find()
    assert endpoint is not None, "no engine answers"
    with ExitStack() as stack:
        client = stack.enter_context(closing(open_client(endpoint)))
        benchmark.pedantic(
            lambda: stack.enter_context(conftest.opened(client, image)), rounds=ROUNDS
        )
    judge(benchmark, "binder", benchmark.stats.stats.min)
