"""Loading the engine in a second interpreter of the process would take its types away from the first."""

from __future__ import annotations

import importlib


def refuse_subinterpreter() -> None:
    for name in ("_interpreters", "_xxsubinterpreters"):  # of 3.13 and later, and before
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        if interpreters.get_current() != interpreters.get_main():
            raise ImportError("quiver cannot be loaded in a subinterpreter: use it in the main one (for mod_wsgi: WSGIApplicationGroup %{GLOBAL})")
        return


refuse_subinterpreter()
