// Writes a copy of pyodide's standard library in which what Python imports as it starts is
// compiled already, without docstrings: the browser then need not do it on each first click.
//
//   node compile_stdlib.mjs OUT MODULE...   MODULE: imported as well, so compiled as well

import { readFileSync, writeFileSync } from "node:fs";

import { loadPyodide } from "pyodide";

const [out, ...modules] = process.argv.slice(2);
const python = await loadPyodide();
const library = new URL(import.meta.resolve("pyodide/python_stdlib.zip"));
python.FS.writeFile("/library.zip", readFileSync(library));
python.globals.set("modules", python.toPy(modules));
python.runPython(`
import importlib
import sys
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

for name in modules:
    importlib.import_module(name)
files = {getattr(each, "__file__", None) or "" for each in sys.modules.values()}

with (
    zipfile.ZipFile("/library.zip") as library,
    zipfile.ZipFile("/made.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made,
):
    place = next(path for path in sys.path if path.endswith(".zip"))
    for name in sorted(library.namelist()):
        data, path = library.read(name), f"{place}/{name}"
        if path in files:
            code = compile(data, path, "exec", dont_inherit=True, optimize=2)
            # Not checked against a source, which is not there; not dated, so the same each time.
            data, name = _code_to_hash_pyc(code, bytes(8), False), f"{name}c"
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        made.writestr(entry, bytes(data))
`);
writeFileSync(out, python.FS.readFile("/made.zip"));
