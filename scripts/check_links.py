#!/usr/bin/env python3
"""Checks the relative links of Markdown and HTML pages: each must lead to a file, and its #part to a heading or an id.

Usage: scripts/check_links.py [FILE or FOLDER]...     (without one: README, docs and the other pages of the repository)

Prints each wrong link as file:line: reason, and exits with 1 if there is one. Links to other sites are not followed.
Needs only Python's standard library.
"""
import html.parser
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "examples"]


def slug(heading):
    """The anchor that GitHub gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def read_markdown(path):
    """(anchors, [(line, target)]) of a page; code is not read."""
    anchors, links, fence = set(), [], None
    counts = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        mark = re.match(r" {0,3}(```+|~~~+)", line)
        if fence:
            fence = None if mark and line.strip() == fence else fence
            continue
        if mark:
            fence = mark.group(1)
            continue
        if line.startswith("    ") and not re.match(r" *([-*]|\d+\.) ", line):
            continue
        heading = re.match(r"#{1,6} +(.*?) *#*$", line)
        if heading:
            name = slug(heading.group(1))
            counts[name] = counts.get(name, -1) + 1
            anchors.add(name if counts[name] == 0 else f"{name}-{counts[name]}")
        prose = re.sub(r"(`+).*?\1", "", line)
        links += [(number, target) for target in re.findall(r"\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)", prose)]
    return anchors, links


class Html(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.anchors, self.links = set(), []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            if value and (name == "href" or name == "src"):
                self.links.append((self.getpos()[0], value))


def read_html(path):
    page = Html()
    page.feed(path.read_text(encoding="utf-8"))
    return page.anchors, page.links


def main():
    given = sys.argv[1:]
    if given and given[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    pages = []
    for path in [pathlib.Path(p) for p in given] or [ROOT / p for p in PAGES]:
        if not path.exists():
            print(f"check_links: there is no {path}", file=sys.stderr)
            return 2
        found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".md", ".html"))
        pages += [p.resolve() for p in found]
    parsed = {}

    def parse(page):
        if page not in parsed:
            parsed[page] = read_html(page) if page.suffix == ".html" else read_markdown(page)
        return parsed[page]

    wrong = checked = 0
    for page in pages:
        for line, link in parse(page)[1]:
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", link):
                continue
            checked += 1
            target, _, part = link.partition("#")
            file = (page.parent / urllib.parse.unquote(target)).resolve() if target else page
            part = urllib.parse.unquote(part)
            reason = None
            if not file.exists():
                reason = f"there is no {target}"
            elif part and file.suffix in (".md", ".html") and part not in parse(file)[0]:
                reason = f"{target or 'the page'} has no part #{part}"
            if reason:
                wrong += 1
                print(f"{page}:{line}: {link}: {reason}")
    print(f"{checked} links of {len(pages)} pages, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
