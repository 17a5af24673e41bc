"""A reader's session, run inside the container: `python -c THIS NOTEBOOK < more cells (JSON)`.

Runs all cells of the notebook, then those of the list on stdin in the same kernel, whatever
fails, and prints the notebook with its outputs. With --cleared the outputs are cleared and
the notebook saved before, as JupyterLab does it.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

name, *options = sys.argv[1:]
path = Path(name)
notebook = nbformat.read(path, as_version=4)
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
if "--cleared" in options:
    nbformat.write(notebook, path)
notebook.cells += [nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)]
NotebookClient(
    notebook,
    timeout=120,
    allow_errors=True,
    force_raise_errors=False,
    resources={"metadata": {"path": str(path.parent)}},
).execute()
print(nbformat.writes(notebook))
