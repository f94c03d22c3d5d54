"""The pictures of docs/layers: what a layer makes of a kernel, computed by limes and drawn as small SVG files.

A page says in a comment which picture it has:
    picture: dual WORD        correlation in, kernel and slope out, of a nonlinearity at unit variances
    picture: chain MODEL      correlation in, NNGP and NTK out, of two vectors of unit variance
    picture: positions MODEL  the kernel between the positions of a sequence, before and behind the layer
    picture: segments MODEL   the same, for a sequence whose positions belong to four segments
    picture: graph MODEL      the same, for a sequence whose positions are a graph: a ring with two chords
    picture: weights MODEL    how much K_ab counts in what the layer makes of the kernel between two items
"""

import math
import os
import subprocess

import numpy as np

T = 16  # positions of a sequence
SIDE = 210  # of a square, in pixels
POINTS = 65  # of a curve
LEVELS = 24  # shades of a heat map
INK, GRID, LINES, DASHES = "#333", "#ccc", ("#1f5fa8", "#c8501e"), ("", ' stroke-dasharray="6 3"')


def kernel(program, folder, model, arrays, *options):
    """The NNGP and NTK that limes gives for these arrays, as float64 arrays"""
    given, out = os.path.join(folder, "picture.npz"), os.path.join(folder, "kernel.npz")
    np.savez(given, **arrays)
    subprocess.run([program, "kernel", model, "--data", given + ":x", "-o", out, "--quiet", *options], check=True,
                   stdout=subprocess.DEVNULL)
    with np.load(out) as file:
        return file["nngp"], file["ntk"]


def sequence():
    """One sequence of T positions that drifts slowly and grows: neighbours are alike, variances differ"""
    at = np.arange(T)[:, None]
    phase = np.array([0.3, 1.1, 2.0, 4.1, 5.2, 0.9])
    speed = np.array([0.15, 0.25, 0.4, 0.55, 0.8, 0.02])
    return (np.sin(speed * at + phase) * (0.6 + 0.07 * at))[None]


def ring():
    """Edges both ways around T positions, with two chords, and each position with itself"""
    edges = np.eye(T) + np.roll(np.eye(T), 1, 0) + np.roll(np.eye(T), -1, 0)
    for a, b in ((0, T // 2), (3, T - 4)):
        edges[a, b] = edges[b, a] = 1
    return edges[None]


def text(x, y, words, anchor="middle", fill=INK):
    return '<text x="%g" y="%g" text-anchor="%s" fill="%s">%s</text>' % (x, y, anchor, fill, words)


def svg(width, height, title, parts):
    escaped = title.replace("&", "&amp;").replace("<", "&lt;")
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
                      'font-family="sans-serif" font-size="12">' % (width, height, width, height), "<title>%s</title>" % escaped,
                      '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>", ""])


def curve(x, y, left, top, color, dashes):
    points = " ".join("%.1f,%.1f" % (left + (a + 1) / 2 * SIDE, top + (1 - b) / 2 * SIDE) for a, b in zip(x, y))
    return '<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>' % (points, color, dashes)


def curves(title, correlation, named):
    """Named curves over the correlation, each divided by its value at correlation 1, which comes first"""
    left, top = 46, 14
    parts = ['<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="%s"/>' % (left, top, SIDE, SIDE, GRID),
             '<path d="M%d %dh%dM%d %dv%d" stroke="%s"/>' % (left, top + SIDE / 2, SIDE, left + SIDE / 2, top, SIDE, GRID),
             '<path d="M%d %dL%d %d" stroke="%s" stroke-dasharray="2 4"/>' % (left, top + SIDE, left + SIDE, top, GRID)]
    for i, (name, values) in enumerate(named):
        if values[0] > 0:
            parts.append(curve(correlation, values / values[0], left, top, LINES[i], DASHES[i]))
            parts.append(text(left + SIDE - 8, top + SIDE - 25 + 16 * i, name, "end", LINES[i]))
    for value, at in ((-1, 0), (0, SIDE / 2), (1, SIDE)):
        parts += [text(left + at, top + SIDE + 15, "%d" % value), text(left - 6, top + SIDE - at + 4, "%d" % value, "end")]
    parts += [text(left + SIDE / 2, top + SIDE + 32, "correlation before")]
    return svg(left + SIDE + 20, top + SIDE + 44, title + ", divided by the value at correlation 1", parts)


def dual(program, folder, word):
    """Correlations at the cosines of equal angles: curves bend most at the ends"""
    given, out = os.path.join(folder, "triples.npz"), os.path.join(folder, "duals.npz")
    correlation = np.cos(np.linspace(0, math.pi, POINTS))
    np.savez(given, k12=correlation, k11=np.ones(POINTS), k22=np.ones(POINTS))
    subprocess.run([program, "dual", word, given, "-o", out, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with np.load(out) as file:
        return curves("%s: kernel and slope at unit variances" % word, correlation,
                      (("kernel", file["phi_phi"]), ("slope", file["dphi_dphi"])))


def chain(program, folder, model):
    """Items on a circle: item 0 has the correlation cos(angle) with each other one"""
    angle = np.linspace(0, math.pi, POINTS)
    nngp, ntk = kernel(program, folder, model, {"x": math.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], 1)})
    return curves("%s: the kernels" % model, np.cos(angle), (("NNGP", nngp[0]), ("NTK", ntk[0])))


def shade(level):
    """Blue below zero, white at zero, red-brown above"""
    share = abs(level)
    end = (178, 60, 20) if level > 0 else (25, 80, 160)
    return "#%02x%02x%02x" % tuple(round(255 + (c - 255) * share ** 0.8) for c in end)


def heat_map(matrix, left, top, title):
    """Cells of one shade are one path, runs of a row one rectangle"""
    rows, columns = matrix.shape
    largest = np.max(np.abs(matrix)) or 1.0
    levels = np.rint(matrix / largest * LEVELS).astype(int)
    paths = {}
    for a in range(rows):
        b = 0
        while b < columns:
            run = 1
            while b + run < columns and levels[a, b + run] == levels[a, b]:
                run += 1
            paths.setdefault(levels[a, b], []).append("M%d %dh%dv1h-%dz" % (b, a, run, run))
            b += run
    cells = ['<path fill="%s" d="%s"/>' % (shade(level / LEVELS), "".join(paths[level])) for level in sorted(paths) if level]
    return ['<g transform="translate(%d %d) scale(%.6g %.6g)" shape-rendering="crispEdges">' % (left, top, SIDE / columns, SIDE / rows),
            *cells, "</g>", '<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="%s"/>' % (left, top, SIDE, SIDE, GRID),
            text(left + SIDE / 2, top + SIDE + 17, title),
            text(left + SIDE / 2, top + SIDE + 33, "largest %.3g" % np.max(np.abs(matrix)), fill="#777")]


def beside(model, before, behind):
    parts = heat_map(before, 10, 10, "K before") + heat_map(behind, SIDE + 40, 10, "K behind")
    return svg(2 * SIDE + 50, SIDE + 54, "%s: the kernel between the positions of a sequence, before and behind" % model, parts)


def positions(program, folder, model, **more):
    arrays = {"x": sequence(), **{"x_" + name: array for name, array in more.items()}}
    before, behind = (kernel(program, folder, text, arrays, "--positions")[0][0, 0] for text in ("identity", model))
    return beside(model, before, behind)


def segments(program, folder, model):
    return positions(program, folder, model, segments=np.arange(T)[None] // (T // 4))


def graph(program, folder, model):
    return positions(program, folder, model, pattern=ring())


def weights(program, folder, model):
    """Item a is one number at position a: of the kernel between items a and b nothing but K_ab is there"""
    nngp = kernel(program, folder, model, {"x": np.eye(T)[:, :, None]})[0]
    return svg(SIDE + 20, SIDE + 54, "%s: the weight of each K_ab" % model, heat_map(nngp, 10, 10, "weight of K_ab"))


KINDS = {"dual": dual, "chain": chain, "positions": positions, "segments": segments, "graph": graph, "weights": weights}


def draw(program, folder, what):
    """The picture that a page asks for: "chain dense relu dense", as the text of an SVG file"""
    kind, model = what.split(" ", 1)
    return KINDS[kind](program, folder, model)
