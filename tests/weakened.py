"""Weakened copies of modules, for controls: what a test finds in them shows that it would find it in the portal."""

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType


def copy_without(module: ModuleType, taken_out: str, folder: Path) -> ModuleType:
    """A copy of the module without one piece of its source, which must be there exactly once."""
    source = inspect.getsource(module)
    assert source.count(taken_out) == 1
    file = folder / f"weakened_{module.__name__.rpartition('.')[2]}.py"
    file.write_text(source.replace(taken_out, ""), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
