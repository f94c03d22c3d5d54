#!/usr/bin/env python3
"""Brings the pages of docs/layers up to date: layer_pages.py BUILD [WORD...]

BUILD is the folder that has the program. Of each word's page the reference, the numbers of the example and the picture are
made anew, which needs NumPy; a word without a page gets one to be filled in. tests/docs/test_layer_pages.py uses the functions.

What a page needs:
    # WORD
    <!-- reference --> ... <!-- end -->   what `limes layers WORD` makes of the parameter table
    ![...](WORD.svg)                      the picture, and <!-- picture: KIND MODEL -->, see layer_pictures.py
    ## Formula, ## Before and behind      written by hand
    ## Example                            a ```sh block with one command of limes, a ```text block with the numbers it prints
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = os.path.join(ROOT, "docs", "layers")
HEADINGS = ["Formula", "Before and behind", "Example"]
TO_BE_WRITTEN = "(to be written)"
REFERENCE = re.compile(r"(?<=<!-- reference -->\n).*?(?=<!-- end -->\n)", re.S)
EXAMPLE = re.compile(r"```sh\n(.*?)```\n\n```text\n(.*?)```\n", re.S)
PICTURE = re.compile(r"^<!-- picture: (.*) -->$", re.M)
GALLERY = re.compile(r"(?<=<!-- words -->\n).*?(?=<!-- end -->\n)", re.S)

SKELETON = """# {word}

<!-- reference -->
<!-- end -->

![What {word} makes of a kernel]({word}.svg)
<!-- picture: chain dense {word} dense -->

## Formula

{gap}

## Before and behind

{gap}

## Example

```sh
limes kernel "flatten dense {word} dense" --data "digits[:20]" -o kernel.npz
```

```text
```
"""


def path_of(word, ending=".md"):
    return os.path.join(PAGES, word + ending)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def limes(build, *words):
    return subprocess.run([os.path.join(build, "limes"), *words], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def words_of(build):
    return limes(build, "layers", "--names").split()


def reference_of(build, word):
    """The code block that stands in the page"""
    return "```text\n%s```\n" % json.loads(limes(build, "layers", word, "--json"))["reference"]


def numbers_of(build, command):
    """The lines of the example's output that hold kernels. It runs beside the small files that all of docs speaks of."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(os.path.abspath(build), "tests", "docs", "docs_data")], cwd=folder, check=True)
        path = os.path.abspath(build) + os.pathsep + os.environ["PATH"]
        said = subprocess.run(["sh", "-ec", command], cwd=folder, check=True, stdout=subprocess.PIPE, encoding="utf-8",
                              env={**os.environ, "PATH": path}).stdout
    return "".join(line + "\n" for line in said.splitlines() if line.startswith(("  NNGP", "  NTK")))


def gallery_of(build):
    """The tables of the index, from the list of limes"""
    parts = []
    for line in limes(build, "layers").splitlines():
        if line.startswith("  "):
            word, summary = line.split(None, 1)
            parts.append("| [`%s`](%s.md) | %s |\n" % (word, word, summary.replace("|", "\\|")))
        elif line:
            parts.append("\n### %s\n\n| word | what it is |\n|---|---|\n" % line)
    return "".join(parts) + "\n"


def renew(build, word):
    import layer_pictures

    if not os.path.exists(path_of(word)):
        write(path_of(word), SKELETON.format(word=word, gap=TO_BE_WRITTEN))
        print("docs/layers/%s.md is new: fill it in; `meson setup --reconfigure` compiles it in" % word)
    page = read(path_of(word))
    page = REFERENCE.sub(lambda _: reference_of(build, word), page)
    page = EXAMPLE.sub(lambda found: "```sh\n%s```\n\n```text\n%s```\n" % (found[1], numbers_of(build, found[1])), page)
    write(path_of(word), page)
    with tempfile.TemporaryDirectory() as folder:
        write(path_of(word, ".svg"), layer_pictures.draw(os.path.join(build, "limes"), folder, PICTURE.search(page)[1]))


def main(build, words):
    for word in words or words_of(build):
        renew(build, word)
    index = path_of("index")
    write(index, GALLERY.sub(lambda _: gallery_of(build), read(index)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
