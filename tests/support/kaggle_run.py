"""Run a notebook and save it with its outputs, as Kaggle does: a script for the room; exit 1 if a cell fails."""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(given, made):
    notebook = nbformat.read(given, as_version=4)
    nbformat.validate(notebook)
    # Sockets that are files, with a short path: without a network there is not even a loopback.
    sockets = Path(tempfile.mkdtemp(dir="/tmp"))
    kernel = AsyncKernelManager(transport="ipc", connection_file=str(sockets / "k.json"), kernel_name="python3")
    client = NotebookClient(notebook, km=kernel, timeout=200, resources={"metadata": {"path": "/kaggle/working"}})
    try:
        client.execute()
    except CellExecutionError:
        return 1
    finally:
        nbformat.write(notebook, made)
        shutil.rmtree(sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
