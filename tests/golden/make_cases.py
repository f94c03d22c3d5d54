#!/usr/bin/env python3
"""Writes this folder's golden cases: python3 make_cases.py (needs mpmath, a minute or two).

A case is <name>.npz, with the inputs and the expected values in float64, and a line of cases.tsv: name, suite, model,
atol_rel, note. An answer a is right for the expected b where |a - b| <= atol_rel * max|b| in every entry; where the file holds
<array>_tol, that is the absolute error allowed in each entry. Suites: kernel (nngp, ntk [N1,N2] of x1 against x2, or of x1
with itself where x2 is missing), kernel_positions ([N1,N2,a...,b...]), dual, predict.

Expected values are the brute force of recursion.py with 50 digits, from the float64 inputs. Tolerance: 1e-11; more only
where 2 ulp of noise in every covariance behind every layer change the result by more than an eighth of that (repeated items
behind a kinked nonlinearity). An item against itself has rho = 1 exactly, in the noisy recursion too.
"""

import math
import os
import random
import re
import struct
import sys
import zipfile

from mpmath import mp, mpf

import cases
import duals
import recursion
from model_text import parse
from predict import predict

FOLDER = os.path.dirname(os.path.abspath(__file__))
LEAST = 1e-11
DRAWS = 12
ULP = mpf(2) ** -52

mp.dps = 50


def flat(values):
    return [leaf for part in values for leaf in flat(part)] if isinstance(values, (list, tuple)) else [values]


def shape_of(values):
    return (len(values),) + shape_of(values[0]) if isinstance(values, (list, tuple)) else ()


def npy(values):
    """The bytes of a .npy file: bool, int64 or float64 by the kind of the numbers."""
    numbers = flat(values)
    kind, code = {bool: ("|b1", "?"), int: ("<i8", "q")}.get(type(numbers[0]), ("<f8", "d"))
    header = str({"descr": kind, "fortran_order": False, "shape": shape_of(values)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    body = struct.pack("<%d%s" % (len(numbers), code), *(n if code != "d" else float(n) for n in numbers))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


def write(name, arrays):
    with zipfile.ZipFile(os.path.join(FOLDER, name + ".npz"), "w", zipfile.ZIP_DEFLATED) as file:
        for key, values in arrays.items():
            file.writestr(zipfile.ZipInfo(key + ".npy", (2020, 1, 1, 0, 0, 0)), npy(values), zipfile.ZIP_DEFLATED)


def nested(values, shape):
    """A flat list as nested lists of that shape"""
    if len(shape) == 0:
        return values[0]
    step = len(values) // shape[0]
    return [nested(values[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


def masked(x, side, more):
    """(arrays that go with x, items as recursion.start takes them)"""
    sizes, arrays, items = shape_of(x)[1:-1], {}, []
    lengths = more.get("lengths" + side) or more.get("tails" + side) or [list(sizes)] * len(x)
    holes = more.get("holes" + side, [[]] * len(x))
    hidden = []
    for i, item in enumerate(x):
        cut = lengths[i] if isinstance(lengths[i], list) else [lengths[i]]
        places = list(recursion.product(*map(range, sizes)))
        rows = flat_rows(item, len(sizes))
        inside = [all(a < n for a, n in zip(where, cut)) for where in places]
        away = [p in holes[i] for p in range(len(places))]
        hidden.append([not seen or gone for seen, gone in zip(inside, away)])
        segments = more["segments" + side][i][:cut[0]] if "segments" + side in more else None
        items.append((tuple(cut), [gone for seen, gone in zip(inside, away) if seen],
                      [list(row) for seen, row in zip(inside, rows) if seen], segments))
        for row, gone in zip(rows, hidden[i]):
            if gone:
                row[:] = [1e3 * (1 + v) for v in row]
    if "segments" + side in more:
        arrays["x%s_segments" % side] = more["segments" + side]
    if "lengths" + side in more:
        arrays["x%s_lengths" % side] = lengths
    elif any(flat(hidden)):
        arrays["x%s_mask" % side] = nested(flat(hidden), (len(x),) + sizes)
    return arrays, items


def flat_rows(item, axes):
    """The features of each position, the lists of x themselves"""
    return [item] if axes == 0 else [row for part in item for row in flat_rows(part, axes - 1)]


def noise(stream):
    """2 ulp of noise in every covariance, symmetric"""
    def shake(z):
        factor = {}
        for p in z.all():
            for q in range(p + 1):
                for which in ("cov", "ntk"):
                    factor[which, p, q] = factor[which, q, p] = 1 + 2 * ULP * mpf(stream.uniform(-1, 1))
        return z.with_values(lambda p, q: z.cov[p][q] * factor["cov", p, q], lambda p, q: z.ntk[p][q] * factor["ntk", p, q])
    return shake


def tolerance(expected, noisy):
    """Absolute errors allowed: the least one, or eight times the largest deviation where that is more."""
    least = LEAST * max(abs(v) for v in expected)
    deviation = [max(abs(draw[k] - v) for draw in noisy) for k, v in enumerate(expected)]
    loose = max([8 * d for d in deviation if 8 * d > least], default=least)
    return [loose if 8 * d > least else least for d in deviation]


def kernels(z, rows, columns):
    """(nngp, ntk) as flat lists [N1, N2, a..., b...]"""
    order = [(p, q) for i in rows for j in columns for p in z.of(i) for q in z.of(j)]
    return [z.cov[p][q] for p, q in order], [z.ntk[p][q] for p, q in order]


def judged(arrays, expected, noisy, shape):
    """Adds the expected arrays, with tolerances where they are loose; returns the case's atol_rel."""
    atol = LEAST
    for name in expected:
        allowed = tolerance(expected[name], [draw[name] for draw in noisy])
        arrays[name] = nested(expected[name], shape[name])
        largest = max(abs(v) for v in expected[name])
        if max(allowed) > LEAST * largest * 1.01:
            arrays[name + "_tol"] = nested(allowed, shape[name])
            atol = max(atol, float(max(allowed) / largest))
    return atol


def kernel_case(suite, name, model, shape1, shape2, more=None):
    more = more or {}
    chain, x1 = parse(model), cases.draw(name + "/x1", shape1)
    more.get("change", lambda x: None)(x1)
    x1 = nested([float(v) for v in flat(x1)], shape1)
    extra, items = masked(x1, "1", more)
    arrays = {"x1": x1, **extra}
    rows = columns = range(shape1[0])
    if shape2 is not None:
        arrays["x2"] = x2 = cases.draw(name + "/x2", shape2)
        extra, others = masked(x2, "2", more)
        arrays.update(extra)
        items, columns = items + others, range(shape1[0], shape1[0] + shape2[0])
    z = recursion.start(items)

    def of(z):
        return dict(zip(("nngp", "ntk"), kernels(z, rows, columns)))

    end = recursion.run_mean(chain, z)
    mp.dps = 25
    noisy = [of(recursion.run_mean(chain, z, noise(random.Random("%s/%d" % (name, k))))) for k in range(DRAWS)]
    mp.dps = 50
    shape = (len(rows), len(columns)) + (end.grid[0] * 2 if suite == "kernel_positions" else ())
    atol = judged(arrays, of(end), noisy, {"nngp": shape, "ntk": shape})
    write(name, arrays)
    return name, suite, model, atol, "symmetric" if shape2 is None else "two batches"


def dual_case(model):
    """Triples of (k12, k11, k22): random ones, rho near +-1 and at +-1, 0, variances of many orders."""
    (word, given, _), = parse(model)
    name = "dual-" + re.sub("[^a-z0-9._]+", "-", model).strip("-")
    stream = random.Random(name)
    triples = []
    for rho in [0.0, 1.0, -1.0] * 3 + [s * (1 - 10.0 ** -k) for k in range(1, 17) for s in (1, -1)] + [None] * 24:
        k11, k22 = 10 ** stream.uniform(-3, 3), 10 ** stream.uniform(-3, 3)
        rho = stream.uniform(-1, 1) if rho is None else rho
        triples.append([rho * math.sqrt(k11 * k22), k11, k22])
    of = duals.of_word(word, given)
    arrays = dict(zip(("k12", "k11", "k22"), map(list, zip(*triples))))
    for part, key in enumerate(("phi_phi", "dphi_dphi")):
        exact, allowed = [], []
        for triple in triples:
            numbers = [mpf(v) for v in triple]
            value = of(*numbers)[part]
            change = max(abs(of(*[v * (1 + s * ULP) if k == i else v for k, v in enumerate(numbers)])[part] - value)
                         for i in range(3) for s in (-1, 1))
            own = mp.sqrt(of(numbers[1], numbers[1], numbers[1])[part] * of(numbers[2], numbers[2], numbers[2])[part])
            exact.append(value)
            allowed.append(8 * change + mpf("1e-13") * max(abs(value), own))
        arrays[key], arrays[key + "_tol"] = exact, allowed
    write(name, arrays)
    return name, "dual", model, 1e-13, "8 times the change under one ulp of input, and 1e-13"


def predict_case(mode, time, rate, diag_reg, absolute):
    """Four training items, three to predict, two outputs; the kernels are those of a network of this folder's recursion."""
    name = "predict-%s-t-%s-%s-%g" % (mode, "inf" if time == "inf" else "%g" % time, "noise" if absolute else "reg", diag_reg)
    rows = cases.draw(name, (7, 3))
    z = recursion.run(parse("dense(w_std=1.3, b_std=0.2) relu dense"), recursion.start([((), [False], [row]) for row in rows]))
    arrays, inputs = {}, {}
    parts = {"dd": (range(4), range(4)), "td": (range(4, 7), range(4)), "tt": (range(4, 7), range(4, 7))}
    for which in ("nngp", "ntk"):
        matrix = z.cov if which == "nngp" else z.ntk
        for part, (left, right) in parts.items():
            name_of = "%s_%s" % (which, part)
            arrays[name_of] = inputs[name_of] = [[float(matrix[i][j]) for j in right] for i in left]
    arrays["y"] = cases.draw(name + "/y", (4, 2))
    time = float(time)
    arrays.update(t=time, learning_rate=rate, diag_reg=diag_reg, diag_reg_absolute_scale=int(absolute))

    def of(shake):
        kernels = {key: mp.matrix([[shake(mpf(v)) for v in row] for row in rows]) for key, rows in inputs.items()}
        mean, cov = predict(mode, kernels, mp.matrix(arrays["y"]), time, mpf(rate), mpf(diag_reg), absolute)
        return {"mean": list(mean)} if cov is None else {"mean": list(mean), "cov": list(cov)}

    noisy = []
    for k in range(DRAWS):
        stream = random.Random("%s/%d" % (name, k))
        noisy.append(of(lambda v: v * (1 + 2 * ULP * mpf(stream.uniform(-1, 1)))))
    atol = judged(arrays, of(lambda v: v), noisy, {"mean": (3, 2), "cov": (3, 3)})
    write(name, arrays)
    words = "mode=%s time=%g learning_rate=%g %s=%g" % (mode, time, rate, "noise" if absolute else "diag_reg", diag_reg)
    return name, "predict", words, atol, "two outputs"


def main():
    print("checking the dual activations", file=sys.stderr)
    duals.check()
    lines = []
    jobs = [(kernel_case, ("kernel",) + case) for case in cases.KERNEL]
    jobs += [(kernel_case, ("kernel_positions",) + case) for case in cases.POSITIONS]
    jobs += [(dual_case, (model,)) for model in cases.DUAL] + [(predict_case, case) for case in cases.PREDICT]
    for function, arguments in jobs:
        lines.append(function(*arguments))
        print("%-34s %-16s %.0e" % (lines[-1][0], lines[-1][1], lines[-1][3]), file=sys.stderr)
    with open(os.path.join(FOLDER, "cases.tsv"), "w", encoding="utf-8") as file:
        file.write("name\tsuite\tmodel\tatol_rel\tnote\n")
        for name, suite, model, atol, note in lines:
            file.write("%s\t%s\t%s\t%.1e\t%s\n" % (name, suite, model, 1.05 * atol if atol > LEAST else atol, note))


if __name__ == "__main__":
    main()
