"""Cells that outlast nbclient's timeout, each followed by one that must run; prints what came of them as one JSON line.

    python timeouts.py CELLS

CELLS: a JSON list of sources. The first prepares, then endless cells and checks take turns.
"""

import json
import sys

import nbformat
from nbclient import NotebookClient


def main(cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    endless = {cell.id for cell in notebook.cells[1::2]}
    client = NotebookClient(
        notebook,
        kernel_name="nnlab",
        interrupt_on_timeout=True,
        allow_errors=True,
        timeout_func=lambda cell: 1 if cell.id in endless else 120,
    )
    client.execute()
    print(json.dumps([[{**output} for output in cell.outputs] for cell in notebook.cells]))


main(json.loads(sys.argv[1]))
