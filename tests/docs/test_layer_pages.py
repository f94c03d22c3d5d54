#!/usr/bin/env python3
"""The pages of docs/layers, and docs/neural-tangents.md, say what limes says: test_layer_pages.py BUILD. Prints TAP."""

import os
import re
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
sys.dont_write_bytecode = True

import layer_pages as pages  # noqa: E402

try:
    import layer_pictures
except ImportError:  # there is no NumPy: pictures are there, but not drawn anew
    layer_pictures = None

LARGEST_PICTURE = 15000  # bytes
# The names of neural_tangents.stax 0.6.5 that are layers
STAX = """ABRelu Abs Aggregate AvgPool Conv ConvLocal ConvTranspose Cos Dense DotGeneral Dropout Elementwise ElementwiseNumerical Erf
Exp ExpNormalized FanInConcat FanInProd FanInSum FanOut Flatten Gabor Gaussian Gelu GlobalAvgPool GlobalSelfAttention
GlobalSumPool Hermite Identity ImageResize Index LayerNorm LeakyRelu Monomial Polynomial Rbf RectifiedMonomial Relu Sigmoid_like
Sign Sin Slice SumPool parallel repeat serial""".split()
PRECISION = 2e-5  # of numbers printed with six digits
NUMBER = re.compile(r"-?\d[\d.]*(?:e[-+]?\d+)?")
LINK = re.compile(r"\[[^]]*\]\(([^)#]*)(#[^)]*)?\)")


def same_numbers(said, printed):
    """The same text between the numbers, and numbers as close as their digits allow"""
    a, b = NUMBER.findall(said), NUMBER.findall(printed)
    close = all(abs(float(x) - float(y)) <= PRECISION * abs(float(y)) for x, y in zip(a, b))
    return len(a) > 0 and close and NUMBER.sub("#", said) == NUMBER.sub("#", printed)


def reference_agrees(build, word, page):
    found = pages.REFERENCE.search(page)
    if not found or found[0] != pages.reference_of(build, word):
        yield "its reference is not what the tables of limes say"


def example_agrees(build, word, page):
    found = pages.EXAMPLE.search(page)
    if not found or not re.search(r"\b%s\b" % word, found[1]):
        yield "it has no example of its word"
    elif not same_numbers(pages.numbers_of(build, found[1]), found[2]):
        yield "its example prints\n%s" % pages.numbers_of(build, found[1])


def curves_agree(build, path, asked):
    """Curves lie where limes draws them, within a fifth of a pixel; shades of heat maps may turn over by rounding"""
    drawn = pages.read(path)
    if layer_pictures and "<polyline" in drawn:
        with tempfile.TemporaryDirectory() as folder:
            again = layer_pictures.draw(os.path.join(build, "limes"), folder, asked)
        a, b = NUMBER.findall(drawn), NUMBER.findall(again)
        if len(a) != len(b) or any(abs(float(x) - float(y)) > 0.2 for x, y in zip(a, b)):
            yield "its picture shows other curves than limes draws"


def picture_is_there(build, word, page):
    asked, path = pages.PICTURE.search(page), pages.path_of(word, ".svg")
    if not asked or "](%s.svg)" % word not in page or not os.path.exists(path):
        yield "it has no picture"
        return
    if os.path.getsize(path) > LARGEST_PICTURE:
        yield "its picture has more than %d bytes" % LARGEST_PICTURE
    title = xml.etree.ElementTree.parse(path).getroot().find("{http://www.w3.org/2000/svg}title")
    if not title.text.startswith(asked[1].split(" ", 1)[1] + ":"):
        yield "its picture is of %s" % title.text
    yield from curves_agree(build, path, asked[1])


def is_written(page):
    headings = re.findall(r"^## (.*)$", page, re.M)
    if headings != pages.HEADINGS:
        yield "its headings are %s" % ", ".join(headings)
    if pages.TO_BE_WRITTEN in page:
        yield "it is still to be written"
    for line in page.splitlines():
        if line.count("](") != len(LINK.findall(line)):
            yield "a link goes over the end of a line: %s" % line


def anchors_of(path):
    """What a link may name behind #: headings in small letters, blanks as hyphens, other signs left out"""
    headings = re.findall(r"^#+ (.*)$", pages.read(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_lead_somewhere(page):
    for target, anchor in LINK.findall(page):
        path = os.path.normpath(os.path.join(pages.PAGES, target))
        if not os.path.exists(path):
            yield "there is no %s" % target
        elif anchor and anchor[1:] not in anchors_of(path):
            yield "%s has no %s" % (target, anchor)


def page_is_right(build, word):
    if not os.path.exists(pages.path_of(word)):
        return ["there is none: `python3 scripts/layer_pages.py BUILD %s` begins one" % word]
    page = pages.read(pages.path_of(word))
    return [*reference_agrees(build, word, page), *example_agrees(build, word, page), *picture_is_there(build, word, page),
            *is_written(page), *links_lead_somewhere(page)]


def lists_are_complete(words):
    there = {name[:-3] for name in os.listdir(pages.PAGES) if name.endswith(".md")} - {"index"}
    if there != set(words):
        yield "the pages and `limes layers` differ in %s" % sorted(there ^ set(words))


def index_is_complete(build):
    index = pages.read(pages.path_of("index"))
    if pages.GALLERY.search(index)[0] != pages.gallery_of(build):
        yield "its tables are not what `limes layers` says"
    yield from links_lead_somewhere(index)


def translation_agrees(build, words):
    """The numbers of the examples in docs/neural-tangents.md, and the words in the second column of its table of layers"""
    page = pages.read(os.path.join(pages.PAGES, "..", "neural-tangents.md"))
    examples = pages.EXAMPLE.findall(page)
    if not examples:
        yield "there are no examples"
    for command, printed in examples:
        if not same_numbers(pages.numbers_of(build, command), printed):
            yield "%sprints\n%s" % (command, pages.numbers_of(build, command))
    rows = re.findall(r"^\| `.*", page.split("## Layers")[1].split("\n\n`")[0], re.M)
    named = {word for row in rows for word in re.findall(r"`([a-z_]+)[(`]", row.replace("\\|", "").split("|")[2])}
    missing = [name for name in STAX if not re.search(r"^\| [^|]*`%s\b" % name, page, re.M)]
    if missing:
        yield "no rows for %s" % ", ".join(missing)
    if len(named) < 30 or not named <= set(words):
        yield "no words of limes: %s" % ", ".join(sorted(named - set(words)))


def main(build):
    words = pages.words_of(build)
    results = [("every word has its page and every page its word", list(lists_are_complete(words))),
               ("index.md", list(index_is_complete(build))),
               ("neural-tangents.md", list(translation_agrees(build, words)))]
    results += [("%s.md" % word, page_is_right(build, word)) for word in words]
    for number, (name, wrong) in enumerate(results, 1):
        for sentence in wrong:
            print("# " + sentence.rstrip().replace("\n", "\n# "))
        print("%sok %d - %s" % ("not " if wrong else "", number, name))
    print("1..%d" % len(results))


main(sys.argv[1])
