"""Find the container engine a person would expect, and put its errors into plain sentences."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from helpers.errors import (
    DiskFull,
    EngineError,
    EngineUnavailable,
    ImageMissing,
    LabError,
    PortTaken,
    TimedOut,
)
from helpers.records.engine import Endpoint, Search, Tried
from helpers.text import _
from helpers.waiting import patience

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.tls import TLSConfig

SYSTEM_SOCKET: Final = Path("/var/run/docker.sock")
PODMAN_SOCKET: Final = Path("/run/podman/podman.sock")
PING_TIMEOUT: Final = 3  # seconds for an engine to say that it is there
API_TIMEOUT: Final = 60  # seconds for one answer of the engine


# --- where an engine may be ---------------------------------------------------------------


def candidates(environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield the places where an engine may answer, in the order a person would expect.

    DOCKER_HOST rules alone where it is set, as it does for the `docker` command.
    """
    host = environ.get("DOCKER_HOST")
    if host:
        verify = environ.get("DOCKER_TLS_VERIFY")
        yield Endpoint(host, "DOCKER_HOST", environ.get("DOCKER_CERT_PATH") if verify else None)
        return
    context = current_context(environ)
    if context is not None:
        yield context
    yield Endpoint(f"unix://{SYSTEM_SOCKET}", _("the usual socket"))
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Endpoint(f"unix://{runtime}/docker.sock", _("rootless Docker"))
        yield Endpoint(f"unix://{runtime}/podman/podman.sock", _("rootless Podman"))
    yield Endpoint(f"unix://{PODMAN_SOCKET}", _("Podman"))


def current_context(environ: Mapping[str, str]) -> Endpoint | None:
    """Return the engine of the CLI's current context, if that is not the default one.

    Reads what `docker context use` writes (docs.docker.com/engine/manage-resources/contexts):
    config.json names the context, contexts/meta/<sha256 of the name>/meta.json its endpoint.
    """
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/")) / ".docker")
    name = environ.get("DOCKER_CONTEXT") or read_json(folder / "config.json").get("currentContext")
    if not name or name == "default":
        return None
    ident = sha256(name.encode()).hexdigest()
    meta = read_json(folder / "contexts" / "meta" / ident / "meta.json")
    host = meta.get("Endpoints", {}).get("docker", {}).get("Host")
    tls = folder / "contexts" / "tls" / ident / "docker"
    source = _("context {name}").format(name=name)
    return Endpoint(host or "", source, str(tls) if tls.is_dir() else None)


def read_json(file: Path) -> dict[str, Any]:
    """Return a JSON object from `file`; empty where there is no such file or no sense in it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def search(
    environ: Mapping[str, str] | None = None,
    ping: Callable[[Endpoint], None] | None = None,
) -> Search:
    """Look for an engine that answers; also tell which places were tried, and why each failed.

    ping: asks one endpoint, raises LabError where nobody answers (for tests).
    """
    environ = os.environ if environ is None else environ
    if environ.get("LABS_ENGINE") in ("none", "binder"):
        return Search(None, (Tried(Endpoint("none", "LABS_ENGINE"), _("switched off")),))
    tried: list[Tried] = []
    for endpoint in unique(candidates(environ)):
        try:
            (ping or answer)(endpoint)
        except LabError as error:
            tried.append(Tried(endpoint, getattr(error, "detail", "") or error.what))
        else:
            return Search(endpoint, tuple(tried))
    return Search(None, tuple(tried))


def unique(endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Yield each url once, under the first of its names."""
    seen: set[str] = set()
    for endpoint in endpoints:
        if endpoint.url not in seen:
            seen.add(endpoint.url)
            yield endpoint


def find(environ: Mapping[str, str] | None = None) -> Endpoint | None:
    """Return the first engine that answers, or None."""
    return search(environ).endpoint


def answer(endpoint: Endpoint) -> None:
    """Ask the engine at `endpoint` whether it is there. Raises EngineUnavailable, TimedOut."""
    if not endpoint.url:
        raise NoAnswer(endpoint.source, _("that context is not defined"))
    if endpoint.url.startswith("ssh://"):
        why = _("engines behind ssh do not serve: their ports lie on the other machine")
        raise NoAnswer(endpoint.url, why)
    open_client(endpoint, timeout=PING_TIMEOUT).close()


def open_client(where: Endpoint | str, *, timeout: float = API_TIMEOUT) -> DockerClient:
    """Return a client of the engine at `where`, over unix, tcp or TLS.

    timeout: seconds for one answer. Raises EngineUnavailable, TimedOut.
    """
    from docker import DockerClient

    endpoint = where if isinstance(where, Endpoint) else Endpoint(where, "")
    options: dict[str, Any] = {"timeout": timeout * patience(), "tls": tls_of(endpoint)}
    knock(endpoint.url)
    with engine_errors(endpoint.url):
        return DockerClient(endpoint.url, version=api_version(endpoint.url, options), **options)


def knock(url: str) -> None:
    """Connect to a unix socket and leave. Raises EngineUnavailable.

    Before the SDK does, which forgets to close a socket that it could not connect.
    """
    kind, _mark, path = url.partition("://")
    if kind not in ("unix", "http+unix"):
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(PING_TIMEOUT * patience())
        try:
            door.connect(path)
        except OSError as error:
            raise NoAnswer(url, reason([error])) from error


def api_version(url: str, options: Mapping[str, Any]) -> str:
    """Ask the engine at `url` which version of the API it speaks.

    Apart from the client proper, which would leave its socket open where nobody answers.
    """
    from docker import APIClient
    from docker.constants import MINIMUM_DOCKER_API_VERSION

    with closing(APIClient(url, version=MINIMUM_DOCKER_API_VERSION, **options)) as asking:
        return str(asking.version(api_version=False)["ApiVersion"])


def tls_of(endpoint: Endpoint) -> TLSConfig | bool:
    """Return the certificates for an endpoint that needs them, else False."""
    from docker.tls import TLSConfig

    if endpoint.tls is None:
        return False
    pem = Path(endpoint.tls)
    pair = (str(pem / "cert.pem"), str(pem / "key.pem"))
    return TLSConfig(client_cert=pair, ca_cert=str(pem / "ca.pem"), verify=True)


# --- the engine's errors in plain sentences -----------------------------------------------


class NoAnswer(EngineUnavailable):
    """No engine answers at one place. detail: why, in a few words."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(where, detail)
        self.detail = detail


@contextmanager
def engine_errors(url: str = "") -> Iterator[None]:
    """Turn the errors of the Docker SDK and of the engine into LabErrors.

    url: the engine in question, for the sentence.
    """
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        told = translate(error, url)
        if told is None:
            raise
        raise told from error


def translate(error: BaseException, url: str = "") -> LabError | None:
    """Return the LabError for an error of the Docker SDK; None for errors of other origin."""
    from docker.errors import BuildError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    if not isinstance(error, DockerException | RequestException | HTTPError | OSError):
        return None
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None or isinstance(error, BuildError):
        return refusal(str(getattr(error, "explanation", None) or error), status)
    causes = list(chain_of(error))
    where = url or _("the address it had before")
    late = next((cause for cause in causes if "Timeout" in type(cause).__name__), None)
    if late is not None:
        limit = re.search(r"timeout=([\d.]+)", str(error))
        seconds = float(limit[1]) if limit else API_TIMEOUT
        return TimedOut(_("an answer of the container engine"), seconds)
    if isinstance(error, OSError) and not isinstance(error, RequestException | DockerException):
        return disk_full(str(error)) if error.errno == errno.ENOSPC else None
    return NoAnswer(where, reason(causes))


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was made from: causes, contexts, wrapped arguments."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        waiting += [each for each in inner if isinstance(each, BaseException)]


def reason(causes: Iterable[BaseException]) -> str:
    """Say in a few words why nobody answered: the operating system's own error knows best."""
    known = {
        errno.ENOENT: _("there is no such socket"),
        errno.ECONNREFUSED: _("nothing listens there"),
        errno.EACCES: _("you may not use it: join the group `docker` and log in again"),
        errno.ECONNRESET: _("the connection broke off: the engine stopped"),
    }
    causes = list(causes)
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in known:
            return known[cause.errno]
    if any(type(cause).__name__ in ("RemoteDisconnected", "ProtocolError") for cause in causes):
        return known[errno.ECONNRESET]
    return str(causes[-1]) if causes else ""


def refusal(text: str, status: int | None) -> LabError:
    """Return the LabError for what the engine answered. status: of HTTP, None within a build.

    The engine gives most failures the status 500 or 400, so its words decide.
    """
    low = text.lower()
    if "no space left on device" in low:
        return disk_full(text)
    if any(words in low for words in PORT_WORDS):
        named = ADDRESS.findall(text)
        what = _("Something else already listens on {address}.")
        return PortTaken(
            what.format(address=named[-1] if named else _("that port")),
            remedy=_("Stop it, or publish another port; `docker ps` shows who publishes which."),
        )
    if any(words in low for words in IMAGE_WORDS):
        return ImageMissing(
            _("The engine does not have that image: {text}").format(text=one_line(text)),
            remedy=_("`labs images` lists the book's images and `labs images build` makes them."),
        )
    remedy = _("`labs doctor` shows the state of the engine.")
    if status == 404:
        remedy = _("It may be gone since: run the notebook again from the top.")
    what = _("The container engine refused: {text}").format(text=one_line(text))
    return EngineError(what, remedy=remedy)


def disk_full(text: str) -> DiskFull:
    """Return the error for a full disk."""
    return DiskFull(
        _("No space is left on the disk: {text}").format(text=one_line(text)),
        remedy=_("`docker system df` shows what fills it; `labs clean` removes what labs left."),
    )


def one_line(text: str, length: int = 200) -> str:
    """Return `text` on one line without its full stop, cut at `length`."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else line[: length - 1] + "…"


ADDRESS: Final = re.compile(r"[\d.]+:\d+|\[[\da-f:]*\]:\d+")
PORT_WORDS: Final = (
    "port is already allocated",
    "address already in use",
    "ports are not available",
)
IMAGE_WORDS: Final = (
    "no such image",
    "pull access denied",
    "manifest unknown",
    "repository does not exist",
    "no pull access",
    "failed to resolve reference",
    "failed to resolve source metadata",
    "/v2/",  # the registry's API: it did not answer, or said no
)
