"""The programs of README.md and docs/python.md run as they stand there."""
import ast
import os
import pathlib
import re

import pytest
import quiver

SOURCE = pathlib.Path(os.environ.get("QUIVER_SOURCE", pathlib.Path(__file__).parents[2]))


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (SOURCE / page).read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("page", ["README.md", "python/README.md", "docs/python.md", "docs/porting.md"])
def test_the_first_program_of_a_page_runs(page, tmp_path, capsys):
    program = blocks(page)[0]
    assert "/tmp/fruit" in program
    exec(program.replace("/tmp/fruit", str(tmp_path / "fruit")), {})
    assert (capsys.readouterr().out.count("\n")) >= 1


class _Said(ast.NodeTransformer):
    """Hands each expression that stands as a statement to check(line, value)."""

    def visit_Expr(self, node):
        call = ast.Call(ast.Name("check", ast.Load()), [ast.Constant(node.end_lineno), node.value], [])
        return ast.copy_location(ast.Expr(call), node)


def literal(text):
    try:
        return True, ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return False, None


def test_the_guide_runs_from_top_to_bottom_and_gives_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, *others = blocks("docs/python.md")
    program = "\n".join([first, 'db = quiver.Database("/tmp/fruit")', *others]).replace("/tmp/fruit", str(tmp_path / "fruit"))
    said = {number: literal(line.rpartition("  # ")[2]) for number, line in enumerate(program.splitlines(), start=1) if "  # " in line}
    checked = []

    def check(number, value):
        is_value, expected = said.get(number, (False, None))
        if is_value:
            assert value == expected, program.splitlines()[number - 1]
            checked.append(number)

    names = {"check": check}
    exec(compile(ast.fix_missing_locations(_Said().visit(ast.parse(program))), "docs/python.md", "exec"), names)
    assert len(checked) == sum(is_value for is_value, _ in said.values()) >= 11
    names["db"].close()
    with quiver.Database("restored", read_only=True) as restored:
        assert restored[b"ada"] == b"1815"


def test_a_table_is_read_without_quiver(tmp_path, capsys):
    with quiver.Database(tmp_path / "fruit") as db:
        db[b"apple"] = b"red"
        db.flush()
    exec(blocks("README.md")[1].replace("/tmp/fruit", str(tmp_path / "fruit")), {})
    assert "key" in capsys.readouterr().out
