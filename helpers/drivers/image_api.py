"""The engine's image API, as far as the base images need it: look, untag, follow a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any

from helpers.drivers.engine import refusal

if TYPE_CHECKING:
    from docker import APIClient, DockerClient


def inspect(client: DockerClient, name: str) -> dict[str, Any] | None:
    """Return what the engine tells about the image called `name`; None where there is none."""
    from docker.errors import ImageNotFound

    try:
        raw: dict[str, Any] = client.api.inspect_image(name)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    return raw


def image_id(client: DockerClient, name: str) -> str:
    """Return the id of the image called `name`; empty where there is none."""
    raw = inspect(client, name)
    return str(raw["Id"]) if raw else ""


def untag(client: DockerClient, name: str) -> bool:
    """Take a name away, and the image too if that was its last and nothing uses it."""
    from docker.errors import APIError

    try:
        client.api.remove_image(name)
    except APIError as error:
        if error.status_code == 404:
            return True
        if error.status_code == 409:
            return False  # a container uses it
        raise
    return True


def stream(
    api: APIClient,
    path: str,
    query: Mapping[str, str],
    body: IO[bytes] | None = None,
    *,
    stall: float,
    headers: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Post to the engine and yield its answer, an object for each line.

    stall: seconds the engine may be silent. Closing the generator (or an error in its loop)
    closes the connection, which tells the engine to stop: the SDK's own streams stay open
    until the garbage collector finds them, and a build would go on without its reader.
    """
    from docker.errors import create_api_error_from_http_exception
    from requests.exceptions import HTTPError

    url = f"{api.base_url}/v{api.api_version}{path}"
    with closing(
        api.post(
            url,
            params=dict(query),
            data=body,
            headers={"Content-Type": "application/tar", **(headers or {})},
            stream=True,
            timeout=stall,
        )
    ) as answer:
        try:
            answer.raise_for_status()
        except HTTPError as error:
            create_api_error_from_http_exception(error)
        for line in answer.iter_lines():
            if line:
                yield json.loads(line)


def checked(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield events until one is an error, which is raised as a LabError."""
    for event in events:
        if "error" in event:
            raise refusal(str(event["error"]), None)
        yield event
