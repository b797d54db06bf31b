#!/usr/bin/env python3
"""Runs a page of the course, and compares the output of its commands with the page.

usage: run_page.py PAGE FOLDER     (FOLDER is made anew; gradus must be in PATH)

The blocks of a page are taken in order:
- a block whose first line is a comment with a name, such as "// gate.cpp" or "# words.toml", is that file. With
  ", continued" after the name, it is added to the file;
- a block whose first line is a comment with the path of a file of the repository quotes lines of that file, in order;
- a block of the language "console" has lines "$ COMMAND", each followed by what it prints. They run in one shell. A
  command that fails ends the page; "... || echo ..." is for one that should. A line that ends with \\ continues.

In an output "..." stands for any text, and alone on a line for any lines. Spaces count as one, empty lines as none. Two
comments of Markdown before a block change that:
- <!-- numbers within 3 --> numbers may differ by that much, and curves and shades of attention in any way,
- <!-- needs: COMMAND --> the block is left out, with a note, where this command fails.

FOLDER begins with the files beside the page that are neither pages nor pictures.
"""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "\x1e"  # begins a line that the runner wrote between the outputs
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
DRAWN = re.compile("[ ·░▒▓█\u2800-\u28ff]*[·░▒▓█\u2800-\u28ff]")  # \u2800 to \u28ff are Braille
HEADER = re.compile(r"(?://|#) ([\w./-]+\.\w+)(, continued)?")


class PageError(Exception):
    pass


@dataclasses.dataclass
class Block:
    line: int  # of the fence
    language: str
    text: list
    within: float = None
    needs: str = ""


@dataclasses.dataclass
class Command:
    line: int
    text: str
    expected: list  # (line, text)
    within: float


def blocks_of(page):
    """The fenced blocks of a page, with the comments before them."""
    blocks, within, needs, block = [], None, "", None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if block:
            if line.strip() == "```":
                block = None
            else:
                block.text.append(line)
        elif line.startswith("```"):
            block = Block(number, line[3:].strip(), [], within, needs)
            blocks.append(block)
            within, needs = None, ""
        elif found := re.fullmatch(r"<!-- numbers within (\S+) -->", line):
            within = float(found[1])
        elif found := re.fullmatch(r"<!-- needs: (.+) -->", line):
            needs = found[1]
        elif line.startswith("<!--"):
            raise PageError(f"{page}:{number}: no such comment: {line}")
    if block:
        raise PageError(f"{page}:{block.line}: a block that is never closed")
    return blocks


def commands_of(page, block):
    commands, continues = [], False
    for number, line in enumerate(block.text, block.line + 1):
        if continues:
            commands[-1].text += "\n" + line
        elif line.startswith("$ "):
            commands.append(Command(number, line[2:], [], block.within))
        elif not commands:
            raise PageError(f"{page}:{number}: a block of commands begins with a line '$ COMMAND'")
        elif line.strip():
            commands[-1].expected.append((number, line))
        continues = line.endswith("\\") and (continues or line.startswith("$ "))
    return commands


def spaced(line):
    return " ".join(line.split())


def same(expected, got, within):
    """Whether a line of output is the one on the page."""
    pattern, numbers, end = "", [], 0
    expected, got = spaced(expected), spaced(got)
    if within is not None:
        expected, got = (DRAWN.sub("", line) for line in (expected, got))
    literal = lambda text: re.escape(text).replace(re.escape("..."), ".*")
    for number in NUMBER.finditer(expected) if within is not None else ():
        pattern += literal(expected[end:number.start()]) + f"({NUMBER.pattern})"
        numbers.append(float(number[0]))
        end = number.end()
    found = re.fullmatch(pattern + literal(expected[end:]), got)
    return found is not None and all(abs(float(a) - b) <= within for a, b in zip(found.groups(), numbers))


def difference(command, got):
    """The first difference as (line of the page, expected, got), or None."""
    at, gap = 0, False
    for number, line in command.expected:
        if line.strip() == "...":
            gap = True
            continue
        begin = at
        while gap and at < len(got) and not same(line, got[at], command.within):
            at += 1
        if at == len(got) or not same(line, got[at], command.within):
            return number, line, got[begin] if begin < len(got) else "(nothing more)"
        at, gap = at + 1, False
    if at < len(got) and not gap:
        return command.line, "(nothing more)", got[at]
    return None


def check_quote(page, block, path):
    lines = [spaced(line) for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
    at = 0
    for number, line in enumerate(block.text[1:], block.line + 2):
        if line.strip() in ("", "..."):
            continue
        if spaced(line) not in lines[at:]:
            raise PageError(f"{page}:{number}: no such line in {path} (after those quoted before): {line.strip()}")
        at = lines.index(spaced(line), at) + 1


def script_of(page, folder):
    """The commands of the page, and the shell script that runs them."""
    commands, script = [], ["set -o pipefail"]
    parts = folder / ".blocks"
    parts.mkdir()
    for block in blocks_of(page):
        if block.needs and subprocess.run(["bash", "-c", block.needs], cwd=folder, capture_output=True).returncode:
            print(f"{page}:{block.line}: left out: it needs {block.needs}")
            continue
        header = HEADER.fullmatch(block.text[0]) if block.text else None
        if block.language == "console":
            for command in commands_of(page, block):
                script += [f"printf '\\n{MARK}{len(commands)}\\n'", command.text,
                           f"status=$?; [ $status = 0 ] || {{ printf '\\n{MARK}exit %d\\n' $status; exit; }}"]
                commands.append(command)
        elif header and (ROOT / header[1]).is_file() and "/" in header[1]:
            check_quote(page, block, header[1])
        elif header:
            part = parts / str(block.line)
            part.write_text("\n".join(block.text[1 if header[2] else 0:]) + "\n", encoding="utf-8")
            script.append(f"cat .blocks/{block.line} {'>>' if header[2] else '>'} {header[1]}")
        elif block.language != "math":
            raise PageError(f"{page}:{block.line}: a block that is neither commands nor a file: its first line is a "
                            "comment with the name of the file, such as // gate.cpp")
    return commands, "\n".join(script) + "\n"


def explain(page, line, problem, command, printed, details=""):
    print(f"{page}:{line}: {problem}\n  command:  {command.text}\n{details}  all of its output:")
    print("\n".join("    " + line for line in printed))


def run(page, folder):
    """Prints the differences, and returns their number."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in page.parent.iterdir():
        if file.is_file() and file.suffix not in (".md", ".svg", ".png"):
            shutil.copy(file, folder)
    commands, script = script_of(page, folder)
    done = subprocess.run(["bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=os.environ | {"LC_ALL": "C.UTF-8", "COLUMNS": "80"})
    failures = ended = 0
    for part in done.stdout.decode("utf-8", "replace").split("\n" + MARK)[1:]:
        head, *got = part.split("\n")
        if head.startswith("exit"):
            ended = 1
            explain(page, command.line, f"the command ended with {head.replace('exit', 'exit code')}", command, printed)
            continue
        command = commands[int(head)]
        printed = [line for line in got if line.strip()]
        if found := difference(command, printed):
            failures += 1
            line, expected, instead = found
            explain(page, line, "the output differs from the page", command, printed,
                    f"  expected: {expected.strip()}\n  got:      {instead.strip()}\n")
    if commands and not ended and command is not commands[-1]:
        ended = 1
        explain(page, command.line, "the shell ended here, before the other commands", command, printed)
    failures += ended
    print(f"{page}: {len(commands)} commands, {failures} failures")
    return failures


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return 1 if run(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) else 0
    except PageError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
