"""Build the book's image as Binder does, with repo2docker, and say how to look at it.

    python -m tools.binder

What is built is what a clone would hold: all files but those that git ignores. The image
stays on the engine as `caas-book/binder:1`, so that the next build takes seconds; the last
line printed tells how to start it, and `docker rmi` removes it.
"""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from helpers.command import run
from helpers.drivers import images
from helpers.drivers.engine import engine_errors, find, open_client, read_json
from helpers.drivers.image_builds import proxies
from helpers.errors import CommandFailed, LabError, MissingNeed
from helpers.paths import ROOT
from helpers.records import labels
from helpers.records.engine import Endpoint
from helpers.text import _
from tools import bootstrap
from tools.engines import debian

IMAGE: Final = "caas-book/binder:1"
ROLE: Final = "binder"
USER: Final = "jovyan"
UID: Final = 1000
BUILD_TIMEOUT: Final = 1800  # seconds: 150 MB of packages over a slow line
REQUIREMENTS: Final = ROOT / "tools" / "binder-requirements.txt"
_TOOLS: Final = ROOT / ".tools"
_SECRETS: Final = "/run/secrets"  # where a build finds them


def build(name: str = IMAGE) -> str:
    """Build the image and return its id. Raises LabError with the end of what was said.

    The image that had the name before is removed, unless something still uses it.
    """
    endpoint = find()
    if endpoint is None:
        raise MissingNeed(_("No container engine answers."), remedy=_("`labs doctor` tells more."))
    repository, _colon, tag = name.rpartition(":")
    # repo2docker does nothing where its name is taken.
    passing = f"{repository}:building-{secrets.token_hex(4)}"
    with closing(open_client(endpoint)) as client, tempfile.TemporaryDirectory() as scratch:
        images.ensure(client, ["base"], images.show_progress())
        with engine_errors():
            before = {str(each.id) for each in client.images.list(name)}
        _repo2docker(passing, Path(scratch), endpoint)
        with engine_errors():
            made = client.images.get(passing)
            made.tag(repository, tag)
            client.images.remove(passing)
        for old in before - {made.id}:
            with suppress(LabError), engine_errors():
                client.images.remove(old)
    return str(made.id)


def _repo2docker(name: str, scratch: Path, endpoint: Endpoint) -> None:
    source, settings = scratch / "source", scratch / "repo2docker_config.py"
    stage(source)
    kept = write_secrets(scratch / "secrets")
    passed = [f"--secret=id={key},src={file}" for key, file in kept.items()]
    settings.write_text(f"c.DockerEngine.extra_buildx_build_args = {passed!r}\n")
    arguments = {"BASE": images.reference("base"), **proxies(os.environ)}
    marks = {labels.PROJECT: labels.PROJECT_VALUE, labels.ROLE: ROLE, labels.RECIPE: ""}
    argv = [str(program()), "--config", str(settings), "--no-run", "--image-name", name]
    argv += ["--user-id", str(UID), "--user-name", USER]
    argv += [part for pair in arguments.items() for part in ("--build-arg", "=".join(pair))]
    argv += [part for pair in marks.items() for part in ("--label", "=".join(pair))]
    try:
        run([*argv, str(source)], timeout=BUILD_TIMEOUT, env=environment(endpoint), cwd=scratch)
    except CommandFailed as error:
        what = _("The image for Binder could not be built:\n{log}").format(log=error.output)
        raise LabError(what, remedy=_("Once the cause is gone, run it again.")) from error


def stage(folder: Path) -> None:
    """Copy into `folder` what a clone of the working tree would hold."""
    listed = run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # not: deleted, but still in the index
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def write_secrets(folder: Path, environ: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Write how this machine reaches the package index into `folder`; return name -> file.

    Secrets, for an index's address may hold a password and belongs to this machine alone.
    """
    environ = os.environ if environ is None else environ
    found = bootstrap.pip_settings(environ)
    found.pop("find-links", None)  # a folder of this machine
    bundle = found.pop("cert", "") or environ.get("REQUESTS_CA_BUNDLE", "")
    places = (bundle, environ.get("SSL_CERT_FILE", ""), *bootstrap.CA_BUNDLES)
    certificates = next((Path(each) for each in places if each and Path(each).is_file()), None)
    folder.mkdir()
    written = {"pip": folder / "pip.conf"}
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = found
    if certificates is not None:
        written["certificates"] = folder / "certificates.pem"
        shutil.copyfile(certificates, written["certificates"])
        settings["global"]["cert"] = f"{_SECRETS}/certificates"
    with written["pip"].open("w", encoding="utf-8") as file:
        settings.write(file)
    return written


# --- the programs it takes -----------------------------------------------------------------


def program() -> Path:
    """Return repo2docker, in an environment of its own: the book's readers do not need it."""
    folder = _TOOLS / "repo2docker"
    made, recipe = folder / ".made-from", REQUIREMENTS.read_text(encoding="utf-8")
    _TOOLS.mkdir(exist_ok=True)
    with (_TOOLS / "repo2docker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_file() or made.read_text(encoding="utf-8") != recipe:
            print(_("Fetching repo2docker into .tools/ ..."), file=sys.stderr, flush=True)
            uv = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "uv"]
            run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
            into = ["--python", str(folder / "bin" / "python")]
            pinned = ["--require-hashes", str(REQUIREMENTS)]
            run([*uv, "pip", "sync", "--quiet", *into, *pinned], timeout=600)
            made.write_text(recipe, encoding="utf-8")
    return folder / "bin" / "jupyter-repo2docker"


def environment(endpoint: Endpoint) -> dict[str, str]:
    """Return the variables for repo2docker: this engine, and a `docker` that knows buildx."""
    env = {**os.environ, "DOCKER_HOST": endpoint.url}
    if run(["docker", "buildx", "version"], env=env, check=False).status == 0:
        return env
    config = _TOOLS / "buildx" / "config"
    with (_TOOLS / "buildx.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = _TOOLS / "buildx" / "root"
        if not root.exists():
            print(_("Fetching docker-buildx into .tools/ ..."), file=sys.stderr, flush=True)
            root.parent.mkdir(exist_ok=True)
            debian.fetch(["docker-buildx"], root)
        config.mkdir(exist_ok=True)
        plugins = root / "usr" / "libexec" / "docker" / "cli-plugins"
        (config / "config.json").write_text(json.dumps(settings_with(env, plugins)))
    return {**env, "DOCKER_CONFIG": str(config)}


def settings_with(environ: Mapping[str, str], plugins: Path) -> dict[str, object]:
    """Return the reader's own settings of `docker`, and where the plugin lies."""
    own = Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    settings = read_json(own)
    settings.pop("currentContext", None)  # DOCKER_HOST names the engine
    return {**settings, "cliPluginsExtraDirs": [str(plugins)]}


def main() -> int:
    """Build, and say what came of it; return the exit status."""
    try:
        made = build()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(_("{name} is ready ({id}). Look at it:").format(name=IMAGE, id=made[:19]))
    print(f"docker run --rm -p 127.0.0.1:8888:8888 {IMAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
