"""The verbs that torture-binary_faults runs: for each its command, what it makes of the database, and how to see that what it
says it did is done. `{db}` is the database, `{backups}` a directory with two backups, `{out}` a name that is free.

Everything is looked at with the built command itself, without faults.
"""
import dataclasses
import json
import os
import re
import typing

ROWS, LOADED, OTHER = 120, 300, 40


@dataclasses.dataclass
class State:
    """What a database holds: the rows of each keyspace, by name; None if they cannot be read."""

    rows: dict
    keyspaces: dict

    def __or__(self, rows):
        return State(self.rows | rows, self.keyspaces)


@dataclasses.dataclass
class Verb:
    command: list
    after: State
    # (look, done) -> what is wrong with what the verb left beside the database, or with what it printed, or nothing.
    check: typing.Callable = lambda look, done: ""
    # A failed one may have done a part: any subset of the new rows.
    in_part: bool = False
    # It reads every byte: a call that failed for good must not be passed over. What it finds it prints: lines "damaged: …".
    must_see: bool = False


class Look:
    """Reads databases and backups with the command itself."""

    def __init__(self, run, work):
        self.run, self.work = run, work

    def rows(self, database, keyspace="default"):
        done = self.run("dump", database, "--keyspace", keyspace)
        if done.returncode != 0:
            return None
        return {row["key"]: row["value"] for row in map(json.loads, done.stdout.splitlines())}

    def state(self, database):
        listed = self.run("keyspace", "list", database)
        if listed.returncode != 0:
            return None
        names = listed.stdout.decode().split()
        rows = {name: self.rows(database, name) for name in names}
        return None if None in rows.values() else State(rows.pop("default"), rows)

    def backups(self):
        """The numbers of the backups, or None."""
        done = self.run("backup", "list", self.work / "backups")
        return [int(line.split()[0]) for line in done.stdout.decode().splitlines()[1:]] if done.returncode == 0 else None

    def backup_state(self, number):
        """What a backup restores to."""
        target = self.work / f"restored{number}"
        done = self.run("backup", "restore", self.work / "backups", number, target)
        return self.state(target) if done.returncode == 0 else None


def copy_check(look, expected, done):
    """A copy that was said to be made is whole; one that failed is none, or whole."""
    out = look.work / "out"
    state = look.state(out) if out.exists() else None
    if state == expected:
        return "" if done.returncode != 0 or look.run("verify", out).returncode == 0 else "the copy does not verify"
    if done.returncode == 0:
        return f"the copy holds {'nothing readable' if state is None else 'other rows'}"
    return "a failed copy opens, and holds other rows" if state is not None else ""


def repair_check(look, before, done):
    """What a repair cannot read it names as lost, and then older values may show; it never brings a key that was not there. One that
    failed leaves nothing that opens, or the whole."""
    out = look.work / "out"
    if done.returncode != 0 or not re.search(rb"^lost: .{20}", done.stdout, re.M):
        return copy_check(look, before, done)
    state = look.state(out) if out.exists() else None
    if state is None:
        return "exit code 0, but what was rescued cannot be read"
    spaces = {"default": before.rows} | before.keyspaces
    new = [key for name, rows in ({"default": state.rows} | state.keyspaces).items() for key in rows if key not in spaces.get(name, {})]
    return f"keys that were never there: {new[:3]}" if new else ""


def backups_check(look, known, left, added, done):
    """`known`: number -> state of the backups there were; `left`: those that stay; `added`: the state of a new one, or None."""
    numbers = look.backups()
    if numbers is None:
        return "the backups cannot be listed"
    verified = look.run("backup", "verify", look.work / "backups")
    if numbers and verified.returncode != 0:
        return "the backups do not verify: " + (verified.stdout + verified.stderr).decode(errors="replace")[:200]
    wrong = [number for number in numbers if look.backup_state(number) != known.get(number, added)]
    if wrong:
        return f"backup {wrong[0]} is not restored as it was made"
    expected = set(left) | ({max(known) + 1} if added is not None else set())
    if done.returncode == 0 and set(numbers) != expected:
        return f"exit code 0, but there are the backups {numbers}"
    return "" if set(left) <= set(numbers) else f"backups are gone: there are {numbers}"


def again_check(look, words, what):
    """What failed can be done again when nothing fails."""
    done = look.run(*words)
    return "" if done.returncode == 0 else f"{what} again fails too: " + done.stderr.decode(errors="replace")[:200]


def make_base(look, base):
    """A database with a table, a newer table, a log and two keyspaces, two backups of earlier states, and files to load."""
    def must(*words):
        done = look.run(*words)
        if done.returncode != 0:
            raise SystemExit(f"cannot make the database: {done.stderr.decode(errors='replace')}")
        return done

    database, backups = base / "db", base / "backups"
    source = look.work / "base.jsonl"
    source.write_text("".join(json.dumps({"key": f"key{n:04}", "value": f"old{n}" + "v" * 60}) + "\n" for n in range(ROWS)))
    must("load", database, source, "--memtable-size", "16KiB")
    must("flush", database)
    must("keyspace", "create", database, "other")
    must("keyspace", "create", database, "empty")
    source.write_text("".join(json.dumps({"key": f"other{n:04}", "value": f"there{n}"}) + "\n" for n in range(OTHER)))
    must("load", database, source, "--keyspace", "other")
    states = {}
    for number in (1, 2):
        for n in range(number, ROWS, 9):
            must("put", database, f"key{n:04}", f"new{n}-{number}")
        must("flush", database)
        must("backup", "create", database, backups)
        states[number] = look.state(database)
    must("put", database, "last", "one")
    loaded = {f"more{n:04}": f"loaded{n}" + "w" * 100 for n in range(LOADED)}
    more = look.work / "more.jsonl"
    more.write_text("".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in loaded.items()))
    must("load", look.work / "more", more)
    must("export", look.work / "more", "--format", "arrow", "--output", look.work / "more.arrow")
    return states, loaded


def make_verbs(look, before, states, loaded):
    work = look.work

    def printed(expected):
        return lambda _, done: "" if done.returncode != 0 or done.stdout.count(b"\n") == expected else \
            f"prints {done.stdout.count(10)} of {expected} lines and exit code 0"

    def backups(left, added=None):
        return lambda look_, done: backups_check(look_, states, left, added, done)

    def created(look_, done):
        return backups((1, 2), before)(look_, done) or (
            again_check(look_, ["backup", "create", look_.work / "db", look_.work / "backups"], "a backup") if done.returncode else "")

    def exported(look_, done):
        if done.returncode != 0:
            return ""
        target = look_.work / "read"
        if look_.run("load", target, look_.work / "out").returncode != 0:
            return "the file does not load"
        return "" if look_.rows(target) == before.rows else "the file holds other rows"

    def without(keyspaces, name):
        return {key: rows for key, rows in keyspaces.items() if key != name}

    ranged = {key: value for key, value in before.rows.items() if not "key0010" <= key < "key0050"}
    copy = lambda state: lambda look_, done: copy_check(look_, state, done)  # noqa: E731
    return {
        "put": Verb(["put", "{db}", "key0001", "fresh"], before | {"key0001": "fresh"}),
        "get": Verb(["get", "{db}", "key0003"], before, lambda _, done: "" if done.returncode or done.stdout == before.rows["key0003"].encode() else "another value"),
        "delete": Verb(["delete", "{db}", "key0002"], State({k: v for k, v in before.rows.items() if k != "key0002"}, before.keyspaces)),
        "delete_range": Verb(["delete", "{db}", "--range", "key0010", "key0050", "--yes"], State(ranged, before.keyspaces)),
        "flush": Verb(["flush", "{db}"], before),
        "compact": Verb(["compact", "{db}"], before),
        "load": Verb(["load", "{db}", str(work / "more.jsonl")], before | loaded, in_part=True),
        "import": Verb(["import", "{db}", str(work / "more.arrow")], before | loaded),
        "scan": Verb(["scan", "{db}"], before, printed(len(before.rows))),
        "count": Verb(["count", "{db}"], before, lambda _, done: "" if done.returncode or int(done.stdout) == len(before.rows) else "another count"),
        "export": Verb(["export", "{db}", "--format", "arrow", "--output", "{out}"], before, exported),
        "verify": Verb(["verify", "{db}"], before, must_see=True),
        "repair": Verb(["repair", "{db}", "{out}"], before, lambda look_, done: repair_check(look_, before, done)),
        "checkpoint": Verb(["checkpoint", "{db}", "{out}"], before, copy(before)),
        "keyspace_list": Verb(["keyspace", "list", "{db}"], before, printed(1 + len(before.keyspaces))),
        "keyspace_create": Verb(["keyspace", "create", "{db}", "new"], State(before.rows, before.keyspaces | {"new": {}})),
        "keyspace_drop": Verb(["keyspace", "drop", "{db}", "other", "--yes"], State(before.rows, without(before.keyspaces, "other"))),
        "backup_create": Verb(["backup", "create", "{db}", "{backups}"], before, created),
        "backup_list": Verb(["backup", "list", "{backups}"], before, printed(3)),
        "backup_verify": Verb(["backup", "verify", "{backups}"], before, backups((1, 2)), must_see=True),
        "backup_restore": Verb(["backup", "restore", "{backups}", "1", "{out}"], before, copy(states[1])),
        "backup_delete": Verb(["backup", "delete", "{backups}", "1", "--yes"], before, backups((2,))),
        "backup_prune": Verb(["backup", "prune", "{backups}", "--keep", "1", "--yes"], before, backups((2,))),
    }


# A descriptor with the name beside it, a path, a descriptor alone.
PATH = re.compile(r'<(/[^>]+)>, "([\w.-]*)"|"(/[^"]*)"|<(/[^>]*)>')


def paths_of(log, work):
    """Every path of `work` and below that a log of `strace -y` names, as it stands behind `work`."""
    found = set()
    for directory, name, whole, descriptor in PATH.findall(log):
        for path in (directory, f"{directory}/{name}" if name else "", whole, descriptor):
            path = os.path.normpath(path.removesuffix(" (deleted)")) if path else ""
            if path == str(work) or path.startswith(f"{work}/"):
                found.add(path.removeprefix(str(work)))
    return found - {""}
