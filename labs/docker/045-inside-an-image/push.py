"""Push the image of a layout by plain HTTP: push.py FOLDER http://HOST/v2/NAME TAG."""

import json
import sys
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

folder, name, tag = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def ask(method: str, url: str, body: bytes = b"", kind: str = "") -> str:
    """Send one request, say what came of it, return where it leads."""
    kind = kind or "application/octet-stream"
    request = Request(url, body, {"Content-Type": kind}, method=method)
    with urlopen(request) as answer:
        print(method, url.partition("/v2/")[2].partition("?")[0], answer.status, answer.reason)
        return urljoin(url, answer.headers.get("Location", ""))


def blob(digest: str) -> bytes:
    """Return the content that a digest names."""
    return (folder / "blobs" / digest.replace(":", "/")).read_bytes()


listed = json.loads((folder / "index.json").read_text())["manifests"][0]
manifest = blob(listed["digest"])
for part in [*json.loads(manifest)["layers"], json.loads(manifest)["config"]]:
    place = ask("POST", f"{name}/blobs/uploads/")
    sign = "&" if "?" in place else "?"
    ask("PUT", f"{place}{sign}digest={part['digest']}", blob(part["digest"]))
ask("PUT", f"{name}/manifests/{tag}", manifest, listed["mediaType"])
