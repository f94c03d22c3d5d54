"""The model language, read into nested lists: a chain is a list of (word, parameters, branches). Only for make_cases.py;
knows the words that have cases here, and nothing of the C parser."""

import math
import re

ORDER = {  # parameters in the order in which bare values fill them
    "dense": ["width", "w_std", "b_std"],
    "conv": ["filter", "stride", "padding", "width", "w_std", "b_std"],
    "avg_pool": ["window", "stride", "padding", "normalize_edges"],
    "leaky_relu": ["alpha"],
    "abrelu": ["a", "b"],
    "erf": ["a", "b", "c"],
    "gabor": ["a", "b", "c"],
    "layer_norm": ["eps", "axes"],
    "attention_pool": ["query"],
}
BRANCHED = {"residual", "sum", "repeat"}


def parse(text):
    chain, rest = _chain(re.sub(r"#[^\n]*", "", text))
    assert not rest, rest
    return chain


def _chain(text):
    """Layers up to the end of the text."""
    chain = []
    text = text.strip()
    while text:
        word = re.match(r"[a-z_]+", text).group()
        text = text[len(word):]
        inside = ""
        if text.startswith("("):
            end = _closing(text)
            inside, text = text[1:end], text[end + 1:]
        chain.append(_layer(word, inside))
        text = text.strip()
    return chain, text


def _closing(text):
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return i
    raise ValueError("missing bracket: " + text)


def _split(text, separator):
    """Parts of the text at separators outside all brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _layer(word, inside):
    if word == "sum":
        return word, {}, [parse(part) for part in _split(inside, "|")]
    parts = _split(inside, ",")
    if word == "repeat":
        return word, {"n": int(parts[0])}, [parse(parts[1])]
    if word == "residual":
        return word, _parameters(word, parts[1:]), [parse(parts[0])]
    return word, _parameters(word, parts), []


def _parameters(word, parts):
    given = {}
    for i, part in enumerate(parts):
        key, _, value = part.rpartition("=")
        given[key.strip() or ORDER[word][i]] = value.strip()
    return given


def number(value):
    """A number of the language as the float64 that a program reads."""
    root = re.fullmatch(r"sqrt\((.*)\)", str(value))
    return math.sqrt(float(root.group(1))) if root else float(value)


def size(value, axes):
    """3 or 3x2, as one number for each position axis."""
    parts = [int(part) for part in str(value).split("x")]
    return parts if len(parts) == axes else parts * axes
