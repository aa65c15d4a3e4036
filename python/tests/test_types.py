"""The stubs name what the extension has, nothing less and nothing more."""
import ast
import pathlib
import shutil
import subprocess

import pytest
import quiver
from quiver import _engine

STUB = pathlib.Path(_engine.__file__).with_name("_engine.pyi")


def stubbed():
    """Class -> names, with those of its stub bases; and the names of functions."""
    tree = ast.parse(STUB.read_text())
    classes = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            for base in node.bases:
                names |= classes.get(getattr(base, "id", None), set())
            classes[node.name] = names
    return {name: names for name, names in classes.items() if not name.startswith("_")}, {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_stub_and_the_module_agree():
    classes, functions = stubbed()
    module = {name: thing for name, thing in vars(_engine).items() if not name.startswith("__") and name != "version"}
    assert classes.keys() | functions == module.keys()
    inherited = set(dir(object)) - {"__reduce_ex__"}
    for name, names in classes.items():
        own = {member for member in vars(module[name]) if not member.startswith("__") or member in names | {
            "__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__", "__next__", "__len__", "__enter__", "__exit__",
            "__arrow_c_stream__", "__reduce_ex__", "__copy__", "__deepcopy__"}}
        assert own - inherited == names - inherited, name


def test_the_package_is_typed_and_versioned():
    assert STUB.with_name("py.typed").exists()
    assert all(hasattr(quiver, name) for name in quiver.__all__)
    assert quiver.__version__.count(".") == 2
    assert all(getattr(quiver.Database, name).__doc__ for name in ("get", "put_many", "batch", "snapshot", "items", "scan", "sql", "close"))


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs binutils")
def test_the_module_shows_its_entry_alone():
    symbols = subprocess.run(["nm", "-D", "--defined-only", _engine.__file__], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__engine"]
