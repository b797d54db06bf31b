#!/usr/bin/env python3
"""Tests that run_page.py passes a right page, and explains a wrong one by page, line, expected and actual output."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import run_page


class RunPage(unittest.TestCase):
    def printed(self, text):
        """What running a page of this text prints, and whether it fails."""
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "pages" / "page.md"
            page.parent.mkdir()
            page.write_text(text, encoding="utf-8")
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                try:
                    failed = run_page.run(page, pathlib.Path(folder) / "work") > 0
                except run_page.PageError as error:
                    print(error)
                    failed = True
            return out.getvalue().replace(str(page), "page.md"), failed

    def passes(self, text, *parts):
        printed, failed = self.printed(text)
        self.assertFalse(failed, printed)
        for part in parts:
            self.assertIn(part, printed)

    def fails(self, text, *parts):
        printed, failed = self.printed(text)
        self.assertTrue(failed, printed)
        for part in parts:
            self.assertIn(part, printed)

    def test_a_page_with_right_outputs_passes(self):
        self.passes("```text\n// words.txt\none\ntwo\n```\n"
                    "```console\n$ tail -n 2 words.txt\none\n\ntwo\n$ cd / && pwd\n/\n$ pwd\n/\n```\n",
                    "page.md: 3 commands, 0 failures")

    def test_a_wrong_line_is_shown_with_its_place(self):
        self.fails("words\n\n```console\n$ echo one; echo two\none\nthree\n$ echo four\nfour\n```\n",
                   "page.md:6: the output differs from the page\n  command:  echo one; echo two\n"
                   "  expected: three\n  got:      two\n", "page.md: 2 commands, 1 failures")

    def test_missing_and_further_lines_are_differences(self):
        self.fails("```console\n$ echo one\none\ntwo\n```\n", "page.md:4:", "expected: two", "got:      (nothing more)")
        self.fails("```console\n$ echo one\n```\n", "page.md:2:", "expected: (nothing more)", "got:      one")

    def test_a_command_that_fails_ends_the_page(self):
        self.fails("```console\n$ (echo one; exit 3)\none\n$ echo two\ntwo\n```\n",
                   "page.md:2: the command ended with exit code 3\n  command:  (echo one; exit 3)")
        self.fails("```console\n$ false | cat\n```\n", "page.md:2: the command ended with exit code 1")
        self.passes('```console\n$ false || echo "exit code $?"\nexit code 1\n```\n')

    def test_a_page_that_ends_its_shell_fails(self):
        self.fails("```console\n$ exit 0\n$ echo one\none\n```\n", "page.md:2: the shell ended here")

    def test_dots_stand_for_text_and_lines(self):
        self.passes("```console\n$ seq 9\n1\n...\n8\n...\n$ echo in 3.2 s\nin ... s\n```\n")
        self.fails("```console\n$ seq 9\n1\n...\n18\n...\n```\n", "page.md:5:", "expected: 18")
        self.fails("```console\n$ seq 9\n...\n8\n```\n", "expected: (nothing more)", "got:      9")

    def test_numbers_differ_by_no_more_than_stated(self):
        self.passes("<!-- numbers within 2 -->\n```console\n$ echo '98 % of   1.5e1'\n100 % of 14\n```\n")
        self.fails("<!-- numbers within 2 -->\n```console\n$ echo 98 %\n95 %\n```\n", "expected: 95 %", "got:      98 %")
        self.fails("```console\n$ echo 98 %\n99 %\n```\n", "expected: 99 %")

    def test_drawings_differ_where_numbers_do(self):
        self.passes("<!-- numbers within 0 -->\n```console\n$ echo a █ ·\na ░ ▒\n```\n")
        self.fails("<!-- numbers within 0 -->\n```console\n$ echo a █ ·\nb ░ ▒\n```\n", "got:      a █ ·")
        self.passes("<!-- numbers within 1 -->\n```console\n$ echo '1.5┤  ⠑⠤⡀'\n1.0┤⠈⠢⢄⣀\n```\n")
        self.fails("```console\n$ echo █\n▓\n```\n", "expected: ▓")

    def test_a_block_is_left_out_where_its_need_is_missing(self):
        self.passes("<!-- needs: false -->\n```console\n$ false\n```\n", "page.md:2: left out: it needs false")
        self.fails("<!-- needs: true -->\n```console\n$ false\n```\n", "exit code 1")

    def test_a_command_continues_after_a_backslash(self):
        self.passes("```console\n$ echo one \\\n    two\none two\n```\n")

    def test_files_are_added_to(self):
        self.passes("```\n# a.txt\n1\n```\n```\n# a.txt, continued\n2\n```\n```console\n$ cat a.txt\n# a.txt\n1\n2\n```\n")

    def test_quotes_are_lines_of_the_repository_in_order(self):
        first, second = "#pragma once", "namespace gradus::models {"
        self.passes(f"```cpp\n// models/rnn.h\n{first}\n...\n  {second}\n```\n")
        self.fails(f"```cpp\n// models/rnn.h\n{second}\n{first}\n```\n", "page.md:4: no such line in models/rnn.h")

    def test_a_block_that_is_not_run_is_refused(self):
        self.fails("```cpp\nint x;\n```\n", "page.md:1: a block that is neither commands nor a file")
        self.fails("```console\none\n```\n", "page.md:2: a block of commands begins with")
        self.fails("```console\n$ echo one\n", "page.md:1: a block that is never closed")
        self.fails("<!-- number within 3 -->\n", "page.md:1: no such comment")


if __name__ == "__main__":
    unittest.main()
