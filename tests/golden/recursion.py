"""The recursion of docs/mathematics.md, sections 1-7, by brute force: one covariance matrix over all positions of all
items, in multiple precision, every sum written out. No layouts, no symmetry, no shortcuts."""

from itertools import product

from mpmath import mp, mpf

import duals
from model_text import number, size


class Items:
    """All positions of all items in a row. grid[i]: position sizes of item i (() has none), hidden[p]: a hole at p,
    cov[p][q] and ntk[p][q] for every two positions p and q; segment[p]: the segment of position p, None: there are none."""

    def __init__(self, grid, hidden, cov, ntk):
        self.grid, self.hidden, self.cov, self.ntk, self.segment = grid, hidden, cov, ntk, None
        self.first = [0]
        for sizes in grid:
            self.first.append(self.first[-1] + count(sizes))

    def of(self, i):
        return range(self.first[i], self.first[i + 1])

    def all(self):
        return range(self.first[-1])

    def places(self):
        """(item, coordinates) of each position"""
        return [(i, where) for i, sizes in enumerate(self.grid) for where in product(*map(range, sizes))]

    def with_values(self, cov, ntk):
        """The same positions with functions cov(p, q), ntk(p, q); holes give zeros."""
        keep = lambda f: [[mpf(0) if self.hidden[p] or self.hidden[q] else f(p, q) for q in self.all()] for p in self.all()]
        made = Items(self.grid, self.hidden, keep(cov), keep(ntk))
        made.segment = self.segment
        return made


def count(sizes):
    n = 1
    for s in sizes:
        n *= s
    return n


def start(items):
    """items: (sizes, hidden [T], features [T][C], segments [T] or None) each. K = <x, x'> / C, Theta = 0."""
    rows = [row for item in items for row in item[2]]
    hidden = [flag for item in items for flag in item[1]]
    rows = [[mpf(v) for v in row] for row in rows]
    blank = Items([item[0] for item in items], hidden, None, None)
    if len(items[0]) > 3 and items[0][3] is not None:
        blank.segment = [s for item in items for s in item[3]]
    dot = lambda p, q: sum(u * v for u, v in zip(rows[p], rows[q])) / len(rows[p])
    return blank.with_values(dot, lambda p, q: mpf(0))


def run(chain, z, shake=lambda z: z):
    """The chain's layers one after another; shake(z) is what happens behind each of them."""
    for word, given, branches in chain:
        made = shake(_layer(word, given, branches, z, shake))
        made.segment = z.segment if made.grid == z.grid and word != "attention_pool" else None
        z = made
    return z


def _layer(word, given, branches, z, shake):
    dual = duals.of_word(word, given)
    if dual is not None:
        return _elementwise(z, dual)
    if word == "identity":
        return z
    if word == "repeat":
        for _ in range(given["n"]):
            z = run(branches[0], z, shake)
        return z
    if word == "sum":
        return _sum([run(branch, z, shake) for branch in branches], [mpf(1)] * len(branches))
    if word == "residual":
        body = run(branches[0], z, shake)
        alpha = given.get("alpha")
        share = [mpf(1), mpf(1)] if alpha is None else [1 - mpf(number(alpha)), mpf(number(alpha))]
        return _sum([_with_coins(body, given), z], share)
    return LAYERS[word](z, given)


def _with_coins(body, given):
    """The body of a residual, each activation divided by `survive` or dropped; or all at once, as the coin fell."""
    if "survive" not in given:
        return body
    q = mpf(number(given["survive"]))
    factor = lambda p, r: 1 / q if p == r else mpf(1)
    if given.get("coins") == "shared":
        factor = lambda p, r: 1 / q ** 2 if given["heads"] else mpf(0)
    return body.with_values(lambda p, r: factor(p, r) * body.cov[p][r], lambda p, r: factor(p, r) * body.ntk[p][r])


def parts(chain):
    """(probability, chain) of every way in which the coins of coins=shared can fall, `heads` said in each; repeats unfolded."""
    ways = [(mpf(1), [])]
    for word, given, branches in chain:
        if word == "repeat":
            options = parts(branches[0] * given["n"])
        else:
            options = [(p, [(word, given, list(kept))]) for p, kept in _together([parts(branch) for branch in branches])]
        if given.get("coins") == "shared":
            q = mpf(number(given["survive"]))
            options = [(p * (q if heads else 1 - q), [(word, {**given, "heads": heads}, kept)])
                       for p, ((_, _, kept),) in options for heads in (True, False)]
        ways = [(p * r, before + after) for p, before in ways for r, after in options]
    return ways


def _together(choices):
    """All combinations of one choice each, with their probabilities"""
    return [(mp.fprod(p for p, _ in one), [kept for _, kept in one]) for one in product(*choices)]


def run_mean(chain, z, shake=lambda z: z):
    """The mean kernel over all parts."""
    every = [(p, run(part, z, shake)) for p, part in parts(chain)]
    return every[0][1] if len(every) == 1 else _sum([end for _, end in every], [p for p, _ in every])


def _std(given, name, fallback=1):
    return mpf(number(given.get(name, fallback)))


def _elementwise(z, dual):
    both = {}
    for p in z.all():
        for q in range(p + 1):
            if not z.hidden[p] and not z.hidden[q]:
                both[p, q] = both[q, p] = dual(z.cov[p][q], z.cov[p][p], z.cov[q][q])
    return z.with_values(lambda p, q: both[p, q][0], lambda p, q: z.ntk[p][q] * both[p, q][1])


def _sum(parts, share):
    return parts[0].with_values(lambda p, q: sum(c * z.cov[p][q] for c, z in zip(share, parts)),
                                lambda p, q: sum(c * z.ntk[p][q] for c, z in zip(share, parts)))


def _affine(z, given, mean):
    """mean(matrix, p, q): the average over the taps at input of what makes (p, q); z: the positions of the output."""
    w2, b2 = _std(given, "w_std") ** 2, _std(given, "b_std", 0) ** 2
    cov = lambda p, q: w2 * mean("cov", p, q) + b2
    return z.with_values(cov, lambda p, q: w2 * mean("ntk", p, q) + cov(p, q))


def dense(z, given):
    return _affine(z, given, lambda which, p, q: getattr(z, which)[p][q])


def _window(length, filter_, stride, padding):
    """(number of outputs, zeros before)"""
    if padding == "valid":
        return (length - filter_) // stride + 1, 0
    outputs = -(-length // stride)
    return outputs, max((outputs - 1) * stride + filter_ - length, 0) // 2


def _taps(z, window, stride, padding):
    """The output's positions, and for each of them the input position under each tap (None: outside)."""
    outputs = Items([], [], None, None)
    taps, grid, hidden = [], [], []
    for i, sizes in enumerate(z.grid):
        plan = [_window(n, f, s, padding) for n, f, s in zip(sizes, window, stride)]
        grid.append(tuple(n for n, _ in plan))
        for where in product(*(range(n) for n, _ in plan)):
            taps.append([])
            for tap in product(*map(range, window)):
                at = [s * a + d - before for s, a, d, (_, before) in zip(stride, where, tap, plan)]
                if padding == "circular":
                    at = [a % n for a, n in zip(at, sizes)]
                inside = all(0 <= a < n for a, n in zip(at, sizes))
                flat = 0
                for a, n in zip(at, sizes):
                    flat = flat * n + a
                taps[-1].append(z.first[i] + flat if inside else None)
        same_places = grid[-1] == sizes
        hidden += [z.hidden[p] for p in z.of(i)] if same_places else [False] * count(grid[-1])
        assert same_places or not any(z.hidden[p] for p in z.of(i))
    outputs = Items(grid, hidden, None, None)
    return outputs, taps


def conv(z, given):
    axes = len(z.grid[0])
    window = size(given["filter"], axes)
    outputs, taps = _taps(z, window, size(given.get("stride", 1), axes), given.get("padding", "same"))

    def mean(which, p, q):
        matrix = getattr(z, which)
        return sum(matrix[a][b] for a, b in zip(taps[p], taps[q]) if a is not None and b is not None) / count(window)

    return _affine(outputs, given, mean)


def avg_pool(z, given):
    axes = len(z.grid[0])
    window = size(given["window"], axes)
    stride = size(given["stride"], axes) if "stride" in given else window
    outputs, taps = _taps(z, window, stride, given.get("padding", "valid"))
    real = [[p for p in under if p is not None] for under in taps]
    edges = given.get("normalize_edges") == "yes"
    weight = [mpf(1) / (len(inside) if edges else count(window)) for inside in real]
    mean = lambda matrix: lambda p, q: weight[p] * weight[q] * sum(matrix[a][b] for a in real[p] for b in real[q])
    return outputs.with_values(mean(z.cov), mean(z.ntk))


def _one_position(z, value):
    outputs = Items([() for _ in z.grid], [False] * len(z.grid), None, None)
    return outputs.with_values(lambda i, j: value(z.cov, i, j), lambda i, j: value(z.ntk, i, j))


def global_avg_pool(z, given):
    seen = [[p for p in z.of(i) if not z.hidden[p]] for i in range(len(z.grid))]
    return _one_position(z, lambda m, i, j: sum(m[p][q] for p in seen[i] for q in seen[j]) / len(seen[i]) / len(seen[j]))


def flatten(z, given):
    assert len(set(z.grid)) == 1 and not any(z.hidden)
    return _one_position(z, lambda m, i, j: sum(m[p][q] for p, q in zip(z.of(i), z.of(j))) / count(z.grid[i]))


def layer_norm(z, given):
    eps = _std(given, "eps", 1e-12)
    variance = [z.cov[p][p] + eps for p in z.all()]
    if given.get("axes") == "all":
        for i in range(len(z.grid)):
            seen = [p for p in z.of(i) if not z.hidden[p]]
            mean = sum(z.cov[p][p] for p in seen) / len(seen) + eps
            for p in z.of(i):
                variance[p] = mean
    scale = [1 / mp.sqrt(v) for v in variance]
    return z.with_values(lambda p, q: z.cov[p][q] * scale[p] * scale[q], lambda p, q: z.ntk[p][q] * scale[p] * scale[q])


def _position_covariance(z, given):
    """R[p][q] of section 5, between positions of any two items"""
    kind = given.get("decay", "none")
    rate = _std(given, "decay_rate", 5 if kind == "relative" else 1)
    power, norm = _std(given, "decay_power"), _std(given, "position_norm", 2)
    places = z.places()

    def r(p, q):
        (i, a), (j, b) = places[p], places[q]
        if kind == "relative":
            squares = [(mpf(s) / n - mpf(t) / m) ** 2 for s, n, t, m in zip(a, z.grid[i], b, z.grid[j])]
            return mp.exp(-rate * sum(squares) / len(squares))
        d = sum(mpf(abs(s - t)) ** norm for s, t in zip(a, b))
        if kind == "none":
            return mpf(d == 0)
        return 1 / (1 + (rate * d) ** power) if kind == "cauchy" else mp.exp(-((rate * d) ** power))

    return r


def _with_positions(z, given):
    """K~ and Theta~ as functions of two positions"""
    kind = given.get("position", "none")
    if kind == "none":
        return (lambda p, q: z.cov[p][q]), (lambda p, q: z.ntk[p][q])
    r, p2 = _position_covariance(z, given), _std(given, "position_std") ** 2
    share, rest = mpf(1), mpf(1)
    if kind == "concat":
        share = _std(given, "position_share", 0.5)
        if "position_width" in given:
            share = _std(given, "position_width") / (_std(given, "position_width") + _std(given, "input_width"))
        rest = 1 - share
    elif kind == "only":
        rest = mpf(0)
    mix = lambda m: lambda p, q: rest * m[p][q] + share * p2 * r(p, q)
    return mix(z.cov), mix(z.ntk)


def _root(f, low, high):
    """Where the falling function f is zero, by halving"""
    for _ in range(mp.prec + 10):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return low


def _softmax(row):
    weights = [mp.exp(v) for v in row]
    return [w / sum(weights) for w in weights]


def _sparsemax(row):
    tau = _root(lambda t: sum(max(v - t, mpf(0)) for v in row) - 1, max(row) - 1, max(row))
    return [max(v - tau, mpf(0)) for v in row]


def _entmax15(row):
    half = [v / 2 for v in row]
    tau = _root(lambda t: sum(max(v - t, mpf(0)) ** 2 for v in half) - 1, max(half) - 1, max(half))
    return [max(v - tau, mpf(0)) ** 2 for v in half]


def _topk(row, k):
    order = sorted(range(len(row)), key=lambda c: (-row[c], c))[:k]
    weights = dict(zip(order, _softmax([row[c] for c in order])))
    return [weights.get(c, mpf(0)) for c in range(len(row))]


def _pruned(weights, least):
    kept = [w if w >= min(least, max(weights)) else mpf(0) for w in weights]
    return [w / sum(kept) for w in kept]


def _zeta(given, row):
    """The weights of the visible keys of one row from their logits"""
    zeta = given.get("zeta", "softmax")
    if zeta.startswith("topk"):
        return _topk(row, int(zeta[5:-1]))
    if zeta == "softmax":
        return _pruned(_softmax(row), mpf(number(given.get("prune", 0))))
    if zeta in ("sparsemax", "entmax15"):
        return {"sparsemax": _sparsemax, "entmax15": _entmax15}[zeta](row)
    return [{"identity": lambda v: v, "relu": lambda v: max(v, mpf(0)), "abs": abs, "erf": mp.erf}[zeta](v) for v in row]


def _attention_weights(z, given, logit):
    """Z[p][q], q a position of the same item"""
    causal, skip = given.get("causal") == "yes", _std(given, "skip", 0)
    weights = [[mpf(0)] * z.first[-1] for _ in z.all()]
    for i in range(len(z.grid)):
        for p in z.of(i):
            seen = [q for q in z.of(i) if not z.hidden[q] and not (causal and q > p)]
            if z.hidden[p]:
                continue
            for q, w in zip(seen, _zeta(given, [logit(p, q) for q in seen])):
                weights[p][q] = w + (skip if p == q else 0) - (mpf(1) / len(seen) if given.get("center") == "yes" else 0)
    return weights


def _random_dual(zeta, means, k12, k11, k22):
    if zeta == "identity":
        return k12 + means[0] * means[1], mpf(1)
    if means == (0, 0):
        return duals.of_word(zeta, {})(k12, k11, k22)
    return duals.with_means(zeta, means, k12, k11, k22)


def _random_attention(z, given):
    """scale=sqrt and qk_correlation: the sum over all pairs of keys"""
    cov, ntk = _with_positions(z, given)
    r = _std(given, "qk_correlation", 0)
    s2 = (_std(given, "q_std") * _std(given, "k_std")) ** 2
    q, ov2, b2 = (1 - r * r) * s2, (_std(given, "v_std") * _std(given, "o_std")) ** 2, _std(given, "b_std", 0) ** 2
    in_values = given.get("in_values") == "yes"
    value, value_ntk = (cov, ntk) if in_values else ((lambda c, d: z.cov[c][d]), (lambda c, d: z.ntk[c][d]))
    item = [i for i in range(len(z.grid)) for _ in z.of(i)]
    seen = lambda a: [c for c in z.of(item[a]) if not z.hidden[c] and not (given.get("causal") == "yes" and c > a)]
    both = {}
    for a in z.all():
        for b in range(a + 1):
            sum_, rest = mpf(0), mpf(0)
            for c in ([] if z.hidden[a] else seen(a)):
                for d in ([] if z.hidden[b] else seen(b)):
                    means = (r * mp.sqrt(s2) * cov(a, c), r * mp.sqrt(s2) * cov(b, d))
                    t, slope = _random_dual(given["zeta"], means, q * cov(a, b) * cov(c, d), q * cov(a, a) * cov(c, c),
                                            q * cov(b, b) * cov(d, d))
                    sum_ += value(c, d) * t
                    rest += value_ntk(c, d) * t + q * value(c, d) * slope * (
                        2 * cov(a, b) * cov(c, d) + ntk(a, b) * cov(c, d) + cov(a, b) * ntk(c, d))
            both[a, b] = both[b, a] = ov2 * sum_ + b2, b2 + 2 * ov2 * sum_ + ov2 * rest
    return z.with_values(lambda a, b: both[a, b][0], lambda a, b: both[a, b][1])


def attention(z, given):
    if given.get("scale") == "sqrt" or "qk_correlation" in given:
        return _random_attention(z, given)
    cov, ntk = _with_positions(z, given)
    qk = _std(given, "q_std") * _std(given, "k_std")
    ov2 = (_std(given, "v_std") * _std(given, "o_std")) ** 2
    b2 = _std(given, "b_std", 0) ** 2
    weights = _attention_weights(z, given, lambda p, q: qk * cov(p, q))
    in_values = given.get("in_values") == "yes"

    def mixed(value):
        """Z value Z'^T, summed in two steps"""
        positions = z.all()
        item = [i for i in range(len(z.grid)) for _ in z.of(i)]
        half = [[sum(weights[p][c] * value(c, d) for c in z.of(item[p])) for d in positions] for p in positions]
        return [[sum(half[p][d] * weights[q][d] for d in z.of(item[q])) for q in positions] for p in positions]

    k = mixed(cov if in_values else lambda p, q: z.cov[p][q])
    theta = mixed(ntk if in_values else lambda p, q: z.ntk[p][q])
    return z.with_values(lambda p, q: ov2 * k[p][q] + b2, lambda p, q: ov2 * theta[p][q] + b2 + 2 * ov2 * k[p][q])


def attention_pool(z, given):
    """One output for each segment, or for each item: sums over its visible positions, written out"""
    cov, ntk = _with_positions(z, given)
    qk = _std(given, "q_std") * _std(given, "k_std")
    ov2 = (_std(given, "v_std") * _std(given, "o_std")) ** 2
    b2 = _std(given, "b_std", 0) ** 2
    grid, members, weights = [], [], {}
    for i in range(len(z.grid)):
        parts = {}
        for p in z.of(i):
            if not z.hidden[p]:
                parts.setdefault(0 if z.segment is None else z.segment[p], []).append(p)
        grid.append(() if z.segment is None else (len(parts),))
        members += [parts[s] for s in sorted(parts)]
    for part in members:
        learned = given.get("query") == "learned"
        if given.get("scale") == "sqrt":
            continue
        weights.update(zip(part, _zeta(given, [mpf(0) if learned else qk * sum(cov(a, c) for a in part) / len(part)
                                               for c in part])))
    outputs = Items(grid, [False] * len(members), None, None)
    if given.get("scale") == "sqrt":
        both = {}
        for s in range(len(members)):
            for t in range(s + 1):
                sum_, rest = mpf(0), mpf(0)
                for c in members[s]:
                    for d in members[t]:
                        value, slope = _random_dual(given["zeta"], (0, 0), *(qk ** 2 * cov(*at) for at in ((c, d), (c, c), (d, d))))
                        sum_ += z.cov[c][d] * value
                        rest += z.ntk[c][d] * value + qk ** 2 * z.cov[c][d] * slope * (2 * cov(c, d) + ntk(c, d))
                both[s, t] = both[t, s] = ov2 * sum_ + b2, b2 + 2 * ov2 * sum_ + ov2 * rest
        return outputs.with_values(lambda s, t: both[s, t][0], lambda s, t: both[s, t][1])
    pooled = lambda m, s, t: sum(weights[p] * m[p][q] * weights[q] for p in members[s] for q in members[t])
    k = lambda s, t: ov2 * pooled(z.cov, s, t)
    return outputs.with_values(lambda s, t: k(s, t) + b2, lambda s, t: ov2 * pooled(z.ntk, s, t) + b2 + 2 * k(s, t))


LAYERS = {f.__name__: f for f in (dense, conv, avg_pool, global_avg_pool, flatten, layer_norm, attention, attention_pool)}
