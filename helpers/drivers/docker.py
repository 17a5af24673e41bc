"""The container engine through its API: connect, list what labs made, remove it, listen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.records import labels
from helpers.records.docker import Event, Kind, LabObject, Removal

if TYPE_CHECKING:
    from docker import DockerClient

# Containers hold networks, volumes and images; so they go first.
ORDER: Final[tuple[Kind, ...]] = (
    *("container", "machine", "pod"),
    *("network", "volume", "image"),
)


def lab_objects(client: DockerClient, *, run: str | None = None) -> tuple[LabObject, ...]:
    """Return what labs made and have not removed (base images are not among it).

    run: only what this run made.
    """
    # By run, never by project alone: a container that a reader starts by hand from one of
    # our base images inherits the image's project label, and is none of our business.
    filters = {"label": f"{labels.RUN}={run}" if run else labels.RUN}
    with engine_errors():
        api = client.api
        found = [
            *(_container(raw) for raw in api.containers(all=True, filters=filters)),
            *(_plain("network", raw, "Id") for raw in api.networks(filters=filters)),
            *(
                _plain("volume", raw, "Name")
                for raw in api.volumes(filters=filters)["Volumes"] or []
            ),
            *(_image(raw) for raw in api.images(all=False, filters=filters)),
        ]
    # A Compose file that a reader starts by hand has the label, and no run in it.
    return tuple(thing for thing in found if thing.run)


def _object(kind: Kind, ident: str, name: str, marks: dict[str, str] | None) -> LabObject:
    marks = marks or {}
    return LabObject(
        kind=kind,
        id=ident,
        name=name,
        lab=marks.get(labels.LAB, ""),
        run=marks.get(labels.RUN, ""),
        owner=marks.get(labels.OWNER, ""),
    )


def _container(raw: dict[str, Any]) -> LabObject:
    name = (raw.get("Names") or [raw["Id"][:12]])[0].lstrip("/")
    return _object("container", raw["Id"], name, raw.get("Labels"))


def _plain(kind: Kind, raw: dict[str, Any], key: str) -> LabObject:
    return _object(kind, raw[key], raw["Name"], raw.get("Labels"))


def _image(raw: dict[str, Any]) -> LabObject:
    tags = [tag for tag in raw.get("RepoTags") or [] if tag != "<none>:<none>"]
    return _object("image", raw["Id"], tags[0] if tags else raw["Id"][7:19], raw.get("Labels"))


def remove(
    client: DockerClient,
    things: Iterable[LabObject],
    progress: Callable[[LabObject], None] = lambda _thing: None,
) -> Removal:
    """Remove `things`, containers first; go on past what fails and report it."""
    removed: list[LabObject] = []
    failed: list[tuple[LabObject, str]] = []
    for thing in sorted(things, key=lambda each: ORDER.index(each.kind)):
        progress(thing)
        try:
            with engine_errors():
                _remove_one(client, thing)
        except LabError as error:
            failed.append((thing, error.what))
        else:
            removed.append(thing)
    return Removal(tuple(removed), tuple(failed))


def _remove_one(client: DockerClient, thing: LabObject) -> None:
    from docker.errors import NotFound

    api = client.api
    try:
        if thing.kind == "container":
            api.remove_container(thing.id, v=True, force=True)
        elif thing.kind == "network":
            api.remove_network(thing.id)
        elif thing.kind == "volume":
            api.remove_volume(thing.id, force=True)
        else:
            _remove_image(client, thing.id)
    except NotFound:
        return  # someone was faster: the wish is fulfilled


def _remove_image(client: DockerClient, ident: str) -> None:
    """Remove every tag of an image, and so the image; a bare id is refused while tags share it."""
    tags = client.images.get(ident).tags
    for tag in tags:
        client.api.remove_image(tag)
    if not tags:
        client.api.remove_image(ident)


def events(
    client: DockerClient, *, since: float, until: float, filters: dict[str, Any] | None = None
) -> tuple[Event, ...]:
    """Return the engine's events between two instants (seconds since the epoch), in order."""
    with engine_errors():
        # The engine takes fractions of a second, though the SDK's stubs know whole ones only.
        span: dict[str, Any] = {"since": f"{since:.9f}", "until": f"{until:.9f}"}
        stream = client.api.events(**span, filters=filters, decode=True)
        return tuple(parse_event(raw) for raw in stream)


def follow(client: DockerClient, filters: dict[str, Any] | None = None) -> Iterator[Event]:
    """Yield the engine's events as they happen, until the caller stops looking."""
    with engine_errors():
        for raw in client.api.events(filters=filters, decode=True):
            yield parse_event(raw)


def parse_event(raw: dict[str, Any]) -> Event:
    """Turn one event as the API sends it into a record."""
    actor = raw.get("Actor") or {}
    attributes = {str(k): str(v) for k, v in (actor.get("Attributes") or {}).items()}
    return Event(
        at=raw.get("timeNano", raw.get("time", 0) * 10**9) / 1e9,
        kind=str(raw.get("Type", "")),
        action=str(raw.get("Action") or raw.get("status") or ""),
        name=attributes.get("name", str(actor.get("ID", ""))[:12]),
        attributes=tuple(sorted(attributes.items())),
    )
