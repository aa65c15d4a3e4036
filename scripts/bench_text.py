"""What the scripts that make pages from quiver-bench's JSON share: figures as text, tables, parts of a page."""


def short(value):
    """Three significant digits: 1.23 M, 456 k, 7.89."""
    if value is None:
        return "–"
    for unit, size in ((" M", 1e6), (" k", 1e3)):
        if abs(value) >= 0.9995 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def table(head, lines):
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines])


def mark(row):
    return " *" if row["disturbed"] else ""


def taken(figures):
    """Where, when and from what the figures are, and how quiet it was."""
    facts = figures["facts"]
    return (f"Taken {facts.get('begun')} to {facts.get('ended')} on {facts.get('machine')}; governor {facts.get('governor')}, "
            f"transparent huge pages {facts.get('huge_pages')}; load average {facts.get('load_average')} before, "
            f"{facts.get('load_average_after')} after; commit {facts.get('commit', 'unknown')}; plan {facts.get('plan')}, scale "
            f"{facts.get('scale')}, {facts.get('seconds')} s a timed row, {facts.get('rounds')} rounds; {figures['runs']['disturbed']} of "
            f"{figures['runs']['all']} runs were disturbed.")


def replace_part(page, name, text):
    """Puts `text` between the page's markers of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = page.read_text()
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise SystemExit(f"{page}: want the markers '{begin}' and '{end}' once each")
    head, rest = whole.split(begin)
    page.write_text(f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")
