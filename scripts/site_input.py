#!/usr/bin/env python3
"""Writes what Doxygen reads for the site: `site_input.py ROOT INPUT SITE`. Used by scripts/docs.sh.

- Public headers go to INPUT/gradus. A comment behind a declaration becomes `///<`. A comment above one also belongs to
  the functions that follow without a blank line, which is how the headers are written.
- Pages go to INPUT/pages, with links to other pages of the site. Other files that they link go to SITE/source.
- INPUT/pages/examples.dox lists the examples.
"""
import bisect
import pathlib
import re
import shutil
import sys

from check_links import slug

HEADERS = ["autograd", "files", "nn", "optim", "models", "data", "train"]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"]
SCOPE = re.compile(r"^(inline\s+)?(namespace|struct|class|enum|union)\b[^(]*$")


def blank_literals(text):
    """The text with the insides of comments and literals as spaces, so that braces in them do not count."""
    pattern = r"//[^\n]*|/\*.*?\*/|R\"\((.|\n)*?\)\"|\"(\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(\\.|[^'\\\n])*'"
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def without_template(statement):
    """The statement without `template <...>` in front and without attributes."""
    statement = re.sub(r"\[\[.*?\]\]", "", statement, flags=re.S).strip()
    while statement.startswith("template"):
        depth = 0
        for i, c in enumerate(statement):
            depth += (c == "<") - (c == ">")
            if c == ">" and depth == 0:
                statement = statement[i + 1:].strip()
                break
        else:
            break
    return statement


def statements(code):
    """(first offset, last offset, text) of each declaration at the level of a namespace or a class."""
    found, start, i, parens = [], 0, 0, 0

    def close(brace):
        depth = 0
        for k in range(brace, len(code)):
            depth += (code[k] == "{") - (code[k] == "}")
            if depth == 0:
                return k
        return len(code) - 1

    def add(end):
        text = code[start:end + 1]
        if text.strip():
            found.append((start + len(text) - len(text.lstrip()), end, text.strip()))

    while i < len(code):
        c = code[i]
        if c == "#" and not code[start:i].strip():  # a directive ends with its line
            while i < len(code) and code[i] != "\n":
                i += 2 if code[i] == "\\" else 1
            start = i
        elif c in "()":
            parens += 1 if c == "(" else -1
        elif parens == 0 and c == "{":
            if SCOPE.match(without_template(code[start:i])):
                add(i)
                start = i + 1
            else:
                i = close(i)
                rest = code[i + 1:].lstrip()[:1]
                if rest not in (";", ",", "{", ")", "=") or code[start:i].strip().startswith("namespace"):
                    add(i)
                    start = i + 1
        elif parens == 0 and c in ";}":
            if c == ";":
                add(i)
            start = i + 1
        elif parens == 0 and c == ":" and code[start:i].strip() in ("public", "private", "protected"):
            start = i + 1
        i += 1
    return found


def documented(text):
    """The text of a header with its comments as Doxygen reads them."""
    lines = text.split("\n")
    code = blank_literals(text)
    code_lines = code.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    line_of = lambda offset: bisect.bisect_right(starts, offset) - 1
    insert, group, before = {}, [], None
    for first, last, statement in statements(code):
        begin, end = line_of(first), line_of(last)
        above = begin
        while above > 0 and re.match(r"\s*//", lines[above - 1]):
            above -= 1
        if above < begin:
            group = [re.sub(r"^(\s*)///?", r"\1///", line) for line in lines[above:begin]]
            lines[above:begin] = group
        elif "(" in statement and group and before == begin - 1:
            insert[begin] = group
        elif before != begin - 1:
            group = []
        width = len(code_lines[end].rstrip())
        if re.match(r"\s*// ", lines[end][width:]):
            lines[end] = lines[end][:width] + re.sub(r"^(\s*)// ", r"\1///< ", lines[end][width:])
            column, below = lines[end].index("///<"), end + 1
            while below < len(lines) and lines[below].strip().startswith("//") and lines[below].index("/") == column:
                lines[below] = lines[below].replace("//", "///<", 1)
                below += 1
        before = end
    text = "\n".join("\n".join(insert.get(i, []) + [line]) for i, line in enumerate(lines))
    text = re.sub(r"\n private:\n.*?(?=\n};|\n public:|\n protected:)", "", text, flags=re.S)  # Doxygen links even these
    return re.sub(r"///.*", lambda m: m.group().replace("\\", "\\\\"), text)


def page_id(path):
    """The name of a page of the site: "docs/report.md" is page_docs_report."""
    return "page_" + re.sub(r"\W", "_", str(path.with_suffix("")))


def anchor(page, part):
    return f"{page}_" + re.sub(r"[^A-Za-z0-9-]", "", part)


TEX = {
    r"\\frac\{([^{}]+)\}\{([^{}]+)\}": r"(\1) / (\2)",
    r"\\(text|operatorname|mathrm|mathbf)\{([^{}]*)\}": r"\2",
    r"\\sqrt ?\{?(\w+)\}?": "√\\1",
    r"\^\\top": "ᵀ",
    r" *\\q?quad": ",",
    r"\\bar *\{?(\w)\}?": "\\1\u0304",  # a bar above the letter
    r"\\[,;!]": " ",
    r"\\(alpha|beta|varepsilon|sigma|partial|sum|dots|to|cdot|times|odot)(?![a-z])": lambda m: dict(
        alpha="α", beta="β", varepsilon="ε", sigma="σ", partial="∂", sum="Σ", dots="…", to="→", cdot="·", times="×",
        odot="⊙")[m.group(1)],
    r"\\(tanh|lim|exp|log|ln|max|min)(?![a-z])": r"\1",
}


def plain(tex):
    """An equation as text, because Doxygen sets TeX by LaTeX or by a script from the network alone."""
    for pattern, text in TEX.items():
        tex = re.sub(pattern, text, tex)
    return tex


class Site:
    def __init__(self, root, site):
        self.root, self.site = root, site
        self.pages = [pathlib.Path(p) for p in PAGES]
        self.pages += sorted(p.relative_to(root) for p in (root / "docs").rglob("*.md"))

    def link(self, page, target):
        """A link of a page as it is in the site."""
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target):
            return target
        name, _, part = target.partition("#")
        file = (self.root / page.parent / name).resolve().relative_to(self.root) if name else page
        if (self.root / file).is_dir():
            if not (self.root / file / "README.md").exists():
                return "files.html"
            file = file / "README.md"
        if file in self.pages:
            html = "index" if file == self.pages[0] else page_id(file)
            return f"{html}.html" + (f"#{anchor(page_id(file), part)}" if part else "")
        copied = pathlib.Path("source") / (file if file.suffix in (".png", ".svg") else f"{file}.txt")
        (self.site / copied).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.root / file, self.site / copied)
        return str(copied)

    def prose(self, page, text):
        text = re.sub(r"([\\@])(?!\|)", r"\\\1", text)
        return re.sub(r"(?<=\]\()[^)\s]+(?=\))", lambda m: self.link(page, m.group()), text)

    def page(self, page):
        """A page as Doxygen reads it: headings have ids, and text has no commands of Doxygen."""
        out, fence, counts = [], False, {}
        for line in (self.root / page).read_text(encoding="utf-8").split("\n"):
            if line.lstrip().startswith("```"):
                fence = not fence
            elif not fence and not line.startswith("    "):
                heading = re.match(r"(#{1,6}) +(.*?)$", line)
                line = re.sub(r"\$\$?([^$]+)\$\$?", lambda m: f"`{plain(m.group(1))}`", line)
                parts = re.split(r"(`[^`]*`)", line)
                parts[::2] = [self.prose(page, part) for part in parts[::2]]
                parts[1::2] = [f"`{part}`" for part in parts[1::2]]  # in `` a quote does not end the code
                line = "".join(parts)
                if heading:
                    line = line.replace("`", "")  # Doxygen shows code in headings as HTML
                    name = slug(heading.group(2))
                    counts[name] = counts.get(name, -1) + 1
                    name += f"-{counts[name]}" if counts[name] else ""
                    own = page_id(page) if len(heading.group(1)) == 1 else anchor(page_id(page), name)
                    line += f" {{#{own}}}"
            out.append(line)
        return "\n".join(out)


def examples(root):
    """The examples as pages of Doxygen, which also links each from the pages of the names that it uses."""
    pages = []
    for path in sorted((root / "examples").glob("*.cpp")):
        first = path.read_text(encoding="utf-8").split("\n")[0].removeprefix("// ")
        pages.append(f"/** @example {path.name}\n * {first}\n */\n")
    return "".join(pages)


def main():
    root, folder, site = (pathlib.Path(p).resolve() for p in sys.argv[1:])
    headers = [p.relative_to(root) for room in HEADERS for p in sorted((root / room).rglob("*.h"))]
    headers = [p for p in headers if "internal" not in p.parts] + [pathlib.Path("cli/program.h")]
    pages = Site(root, site)
    texts = {folder / "gradus" / p: documented((root / p).read_text(encoding="utf-8")) for p in headers}
    texts |= {folder / "pages" / f"{page_id(p)}.md": pages.page(p) for p in pages.pages}
    texts[folder / "pages" / "examples.dox"] = examples(root)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(headers)} headers, {len(pages.pages)} pages")


if __name__ == "__main__":
    main()
