"""Write an image with nothing but Python: byhand.py SETTINGS FOLDER FILE..."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

settings, folder, *files = map(Path, sys.argv[1:])
OCI = "application/vnd.oci.image."


def put(content: bytes, kind: str) -> dict[str, object]:
    """Store a blob under its digest; return how others name it."""
    digest = hashlib.sha256(content).hexdigest()
    blob = folder / "blobs" / "sha256" / digest
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    return {"mediaType": OCI + kind, "digest": f"sha256:{digest}", "size": len(content)}


archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    for file in files:
        entry = tarfile.TarInfo(f"bin/{file.name}")
        entry.size, entry.mode = file.stat().st_size, 0o755
        tar.addfile(entry, file.open("rb"))
config = json.loads(settings.read_text())
diff_id = f"sha256:{hashlib.sha256(archive.getvalue()).hexdigest()}"
config["rootfs"] = {"type": "layers", "diff_ids": [diff_id]}
manifest = {
    "schemaVersion": 2,
    "mediaType": OCI + "manifest.v1+json",
    "config": put(json.dumps(config).encode(), "config.v1+json"),
    "layers": [put(gzip.compress(archive.getvalue(), mtime=0), "layer.v1.tar+gzip")],
}
index = {"schemaVersion": 2, "manifests": [put(json.dumps(manifest).encode(), "manifest.v1+json")]}
(folder / "index.json").write_text(json.dumps(index))
(folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
