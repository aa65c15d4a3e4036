#!/usr/bin/env python3
"""Weaves the canaries of canaries.toml into a copy of the source tree.

usage: torture/canaries/weave.py --check          every text occurs exactly once (ctest canary_texts_test)
       torture/canaries/weave.py DIRECTORY        writes the woven tree there

In the copy each listed text is guarded at run time, so that one build has all canaries, and the
environment variable QUIVER_CANARY wakes one. The sources themselves have none. Files whose woven text did not
change are left untouched, so that a second build compiles little.
"""
import pathlib
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEADER = """// Woven in by torture/canaries/weave.py: whether a deliberate mistake is awake.
//
// Thread safety: any thread.
#pragma once

#include <cstdlib>
#include <cstring>

namespace quiver::canary {

inline bool Active(const char* name) noexcept {
  static const char* const awake = std::getenv("QUIVER_CANARY");
  return awake != nullptr && std::strcmp(awake, name) == 0;
}

}  // namespace quiver::canary
"""


def load() -> list[dict]:
    return tomllib.loads((HERE / "canaries.toml").read_text())["canary"]


def check(canaries: list[dict]) -> list[str]:
    """What is wrong with the list, a line each."""
    faults = []
    names = [canary["name"] for canary in canaries]
    faults += [f"{name}: listed twice" for name in sorted(set(names)) if names.count(name) > 1]
    spans: dict[str, list] = {}
    for canary in canaries:
        missing = {"name", "bug", "file", "text", "caught"} - canary.keys()
        if missing or ("mistake" in canary) == ("woven" in canary) or not canary.get("caught"):
            faults.append(f"{canary['name']}: needs name, bug, file, text, caught, and either mistake or woven")
            continue
        path = ROOT / "src" / canary["file"]
        source = path.read_text() if path.is_file() else ""
        count = source.count(canary["text"])
        if count != 1:
            faults.append(f"{canary['name']}: its text occurs {count} times in src/{canary['file']}, once is right: "
                          "the code has changed, so change the canary with it")
            continue
        begin = source.index(canary["text"])
        spans.setdefault(canary["file"], []).append((begin, begin + len(canary["text"]), canary["name"]))
    for file, places in spans.items():
        places.sort()
        for (_, end, name), (begin, _, other) in zip(places, places[1:]):
            if begin < end:
                faults.append(f"{name} and {other} overlap in src/{file}")
    return faults


def woven_text(canary: dict) -> str:
    awake = f'::quiver::canary::Active("{canary["name"]}")'
    if "woven" in canary:
        return canary["woven"].replace("AWAKE", awake)
    if canary.get("form") == "statement":
        return f"if ({awake}) {{ {canary['mistake']} }} else {{ {canary['text']} }}"
    return f"({awake} ? ({canary['mistake']}) : ({canary['text']}))"


def write_if_changed(path: pathlib.Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def weave(canaries: list[dict], target: pathlib.Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True,
                            text=True, check=True).stdout.splitlines()
    kept = set()
    for name in listed:
        source = ROOT / name
        if not source.is_file():
            continue
        data = source.read_bytes()
        here = [canary for canary in canaries if name == f"src/{canary['file']}"]
        if here:
            text = data.decode()
            # From the end, so that nothing woven in is looked at again.
            for canary in sorted(here, key=lambda each: text.index(each["text"]), reverse=True):
                begin = text.index(canary["text"])
                text = text[:begin] + woven_text(canary) + text[begin + len(canary["text"]):]
            data = ('#include "base/canary.h"\n' + text).encode()
            if name.endswith(".h"):
                data = data.replace(b'#include "base/canary.h"\n', b"", 1).replace(
                    b"#pragma once\n", b'#pragma once\n#include "base/canary.h"\n', 1)
        write_if_changed(target / name, data)
        kept.add(name)
    write_if_changed(target / "src/base/canary.h", HEADER.encode())
    kept.add("src/base/canary.h")
    for path in sorted(target.rglob("*")):
        if path.is_file() and str(path.relative_to(target)) not in kept:
            path.unlink()


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    canaries = load()
    faults = check(canaries)
    for fault in faults:
        print(fault)
    print(f"canaries: {len(canaries)}, {len(faults)} faults")
    if faults:
        return 1
    if sys.argv[1] != "--check":
        weave(canaries, pathlib.Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
