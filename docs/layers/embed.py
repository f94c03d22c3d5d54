#!/usr/bin/env python3
"""Writes the pages of the layers as a C table of their lines: embed.py OUT.c PAGE.md..."""

import os
import sys


def literal(line):
    """A C string; bytes beyond ASCII in octal, which cannot run into the digits behind them."""
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"}
    return '"%s"' % "".join(plain.get(b, chr(b) if 32 <= b < 127 else "\\%03o" % b) for b in line.encode())


def main(out, pages):
    with open(out, "w", encoding="ascii") as file:
        file.write('#include "layer_page.h"\n\n')
        words = sorted((os.path.splitext(os.path.basename(page))[0], page) for page in pages)
        for word, page in words:
            file.write("static const char *const page_of_%s[] = {\n" % word)
            with open(page, encoding="utf-8") as text:
                file.writelines("  %s,\n" % literal(line.rstrip("\n")) for line in text)
            file.write("  NULL};\n\n")
        file.write("const cli_layer_page limes_cli_layer_pages[] = {\n")
        file.writelines('  {"%s", page_of_%s},\n' % (word, word) for word, _ in words)
        file.write("  {NULL, NULL}};\n")


main(sys.argv[1], sys.argv[2:])
