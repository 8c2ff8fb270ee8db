"""Run the notebooks and keep what they show: `.venv/bin/python notebooks/refresh.py`."""

import os
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(notebook: NotebookNode, place: Path) -> NotebookNode:
    """Run a notebook with this interpreter in a folder beside a link to the sample.

    Parameters
    ----------
    notebook
        Changed in place: its outputs become those of this run.
    place
        Existing empty folder; the notebook runs in its subfolder `notebooks`.

    Raises
    ------
    CellExecutionError
        When a cell raises.
    """
    working = place / "notebooks"
    working.mkdir()
    (place / "sample_tiles").symlink_to(FOLDER.parent / "sample_tiles")
    manager = AsyncKernelManager(
        kernel_name="python3",
        # No folder of installed kernels is searched: what remains is the kernel of this interpreter.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",
        connection_file=str(place / "kernel.json"),
    )
    client = NotebookClient(
        notebook, km=manager, timeout=300, record_timing=False, resources={"metadata": {"path": str(working)}}
    )
    # A person's own IPython start-up files stay out.
    client.execute(cleanup_kc=True, env={**os.environ, "IPYTHONDIR": str(place / "ipython")})
    notebook.metadata = NotebookNode(METADATA)
    return notebook


def main() -> None:
    for path in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as place:
            notebook = executed(nbformat.read(path, as_version=4), Path(place))
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
