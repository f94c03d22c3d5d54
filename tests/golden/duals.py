"""Dual activations in multiple precision: (k12, k11, k22) -> E[phi(u) phi(v)], E[phi'(u) phi'(v)], and the integrals that
check them."""

from mpmath import mp, mpf

from model_text import number


def _angle(k12, k11, k22):
    """Deviations' product s, s * sqrt(1 - rho^2), and arccos(rho), rho clipped to [-1, 1]; pi/2 where s = 0."""
    s = mp.sqrt(k11 * k22)
    if s == 0:
        return s, mpf(0), mp.pi / 2
    sine = mp.sqrt(max((s - k12) * (s + k12), mpf(0)))
    return s, sine, mp.atan2(sine, k12)


def abrelu(k12, k11, k22, a, b):
    s, sine, theta = _angle(k12, k11, k22)
    if s == 0:
        k12 = mpf(0)
    elif abs(k12) > s:
        k12 = mp.sign(k12) * s
    slope = (a * a + b * b) / 2 - (a - b) ** 2 * theta / (2 * mp.pi)
    return (a - b) ** 2 / (2 * mp.pi) * sine + slope * k12, slope


def erf(k12, k11, k22, a, b, c):
    b2 = 2 * b * b
    root = mp.sqrt((1 + b2 * k11) * (1 + b2 * k22))
    value = 2 * a * a / mp.pi * mp.asin(b2 * k12 / root) + c * c
    return value, 2 * a * a * b2 / mp.pi / mp.sqrt(root ** 2 - (b2 * k12) ** 2)


def gabor(k12, k11, k22, a, b, c):
    """E exp(b (u^2 + v^2)) cos(c (u -+ v)) by the characteristic function of the normal law of covariance
    (Sigma^-1 - 2 b)^-1 = Sigma (1 - 2 b Sigma)^-1; the slope by Price's theorem, as a derivative."""

    def value(k):
        sigma = mp.matrix([[k11, k], [k, k22]])
        scaled = mp.eye(2) - 2 * b * sigma
        law = sigma * scaled ** -1
        wave = lambda sign: mp.exp(-c * c * (law[0, 0] + law[1, 1] + sign * (law[0, 1] + law[1, 0])) / 2)
        return a * a * (wave(-1) - wave(1)) / (2 * mp.sqrt(mp.det(scaled)))

    with mp.workdps(2 * mp.dps):
        return value(k12), mp.diff(value, k12)


def of_word(word, given):
    """The dual of a layer of the language, as a function of (k12, k11, k22); None: not an elementwise word."""
    get = lambda name, fallback: mpf(number(given.get(name, fallback)))
    slopes = {
        "relu": lambda: (mpf(0), mpf(1)),
        "abs": lambda: (mpf(-1), mpf(1)),
        "leaky_relu": lambda: (get("alpha", 0.01), mpf(1)),
        "abrelu": lambda: (get("a", None), get("b", None)),
    }
    if word in slopes:
        a, b = slopes[word]()
        return lambda k12, k11, k22: abrelu(k12, k11, k22, a, b)
    if word == "erf":
        a, b, c = get("a", 1), get("b", 1), get("c", 0)
        return lambda k12, k11, k22: erf(k12, k11, k22, a, b, c)
    if word == "gabor":
        a, b, c = get("a", 1), get("b", -1), get("c", 1)
        return lambda k12, k11, k22: gabor(k12, k11, k22, a, b, c)
    return None


def _gaussian(zeta, mean, deviation):
    """E[zeta(u)] and E[zeta'(u)], u ~ N(mean, deviation^2)"""
    if zeta == "erf":
        root = mp.sqrt(1 + 2 * deviation ** 2)
        return mp.erf(mean / root), 2 / mp.sqrt(mp.pi) / root * mp.exp(-(mean / root) ** 2)
    below = mp.ncdf(mean / deviation) if deviation > 0 else mpf(mean > 0)
    ramp = mean * below + (deviation * mp.npdf(mean / deviation) if deviation > 0 else 0)
    return {"relu": (ramp, below), "abs": (2 * ramp - mean, 2 * below - 1), "identity": (mean, mpf(1))}[zeta]


def _both_below(h, k, rho):
    """P(u <= h, v <= k), from its derivative by rho, the density, over the angle that rho is the cosine of [Plackett 1954]"""
    if rho < 0:
        return mp.ncdf(h) - _both_below(h, -k, -rho)
    angle = max(mp.acos(rho), abs(h - k) / 11)
    panels = [angle]
    while panels[-1] < mp.pi / 2:
        panels.append(min(mp.pi / 2, 2 * panels[-1]) if h != k else mp.pi / 2)
    density = lambda t: mp.exp(-((h - k) / mp.sin(t)) ** 2 / 2 - h * k / (1 + mp.cos(t)))
    over = mp.quad(density, panels, method="gauss-legendre", maxdegree=4) if len(panels) > 1 else 0
    return mp.ncdf(h) * mp.ncdf(k) + over / (2 * mp.pi)


def with_means(zeta, means, k12, k11, k22):
    """E[zeta(u) zeta(v)], E[zeta'(u) zeta'(v)] for u and v of these means, with 25 digits"""
    (m, n), s, t = means, mp.sqrt(k11), mp.sqrt(k22)
    if s == 0 or t == 0:
        return _gaussian(zeta, m, mpf(0))[0] * _gaussian(zeta, n, mpf(0))[0], mpf(0)
    with mp.workdps(25):
        if zeta == "erf":
            left, right = mp.sqrt(1 + 2 * k11), mp.sqrt(1 + 2 * k22)
            h, k, p = mp.sqrt(2) * m / left, mp.sqrt(2) * n / right, 2 * k12 / (left * right)
            square = (h * h - 2 * p * h * k + k * k) / (1 - p * p)
            return (4 * _both_below(h, k, p) - 2 * mp.ncdf(h) - 2 * mp.ncdf(k) + 1,
                    4 / mp.pi / (left * right * mp.sqrt(1 - p * p)) * mp.exp(-square / 2))
        h, k, p = m / s, n / t, max(mpf(-1), min(mpf(1), k12 / (s * t)))
        sine = mp.sqrt((1 - p) * (1 + p))
        tail = lambda x, y: mp.ncdf((y - p * x) / sine) if sine > 0 else mpf(mp.sign(y - p * x) + 1) / 2
        both = _both_below(h, k, p)
        edge = sine * mp.npdf(h) * mp.npdf((k - p * h) / sine) if sine > 0 else 0
        relu = (h * k + p) * both + k * mp.npdf(h) * tail(h, k) + h * mp.npdf(k) * tail(k, h) + edge
        if zeta == "relu":
            return s * t * relu, both
        ramp = lambda x: x * mp.ncdf(x) + mp.npdf(x)
        mixed = k * ramp(h) + h * ramp(k) + p * (mp.ncdf(h) + mp.ncdf(k))
        return s * t * (4 * relu - 2 * mixed + h * k + p), 4 * both - 2 * mp.ncdf(h) - 2 * mp.ncdf(k) + 1


def _by_one_integral(zeta, means, k12, k11, k22):
    """The same, by what is known of v where u is"""
    (m, n), s, t = means, mp.sqrt(k11), mp.sqrt(k22)
    rho = k12 / (s * t)
    rest = t * mp.sqrt((1 - rho) * (1 + rho))
    cuts = [mpf(-12)] + ([-m / s] if zeta != "erf" else []) + [mpf(12)]
    return tuple(mp.quad(lambda z: mp.npdf(z) * _gaussian(zeta, m + s * z, mpf(0))[part] * _gaussian(zeta, n + t * rho * z, rest)[part],
                         cuts) for part in (0, 1))


def _integral(phi, slope, k12, k11, k22):
    """Both expectations in polar coordinates of two independent normals: the circle is cut where u or v changes sign, so
    that each piece is smooth also for kinked functions."""
    rho = k12 / mp.sqrt(k11 * k22)
    gamma = mp.acos(rho)
    cuts = sorted([mpf(0), 2 * mp.pi] + [(c + mp.pi / 2 + shift) % (2 * mp.pi) for c in (0, mp.pi) for shift in (0, gamma)])
    radii = [mpf(i) / 2 for i in range(0, 25)]

    def of(function):
        ray = lambda t, r: function(mp.sqrt(k11) * r * mp.cos(t)) * function(mp.sqrt(k22) * r * mp.cos(t - gamma))
        inner = lambda t: mp.quad(lambda r: r * mp.exp(-r * r / 2) * ray(t, r), radii, maxdegree=3, method="gauss-legendre")
        total = mpf(0)
        for left, right in zip(cuts, cuts[1:]):
            if right - left > mpf(10) ** -8:
                total += mp.quad(inner, [left, right], maxdegree=4, method="gauss-legendre")
        return total / (2 * mp.pi)

    return of(phi), of(slope)


def check():
    """Every closed form against its integral; stops where one differs."""
    relu_like = lambda a, b: (lambda u: a * min(u, 0) + b * max(u, 0), lambda u: a if u < 0 else b)
    a, b, c = mpf("0.8"), mpf("1.3"), mpf("-0.4")
    functions = [
        ("abrelu(0, 1)", *relu_like(0, 1), lambda *k: abrelu(*k, mpf(0), mpf(1))),
        ("abrelu(-1, 1)", *relu_like(-1, 1), lambda *k: abrelu(*k, mpf(-1), mpf(1))),
        ("abrelu(-0.5, 1.5)", *relu_like(mpf(-0.5), mpf(1.5)), lambda *k: abrelu(*k, mpf(-0.5), mpf(1.5))),
        ("erf(0.8, 1.3, -0.4)", lambda u: a * mp.erf(b * u) + c,
         lambda u: 2 * a * b / mp.sqrt(mp.pi) * mp.exp(-(b * u) ** 2), lambda *k: erf(*k, a, b, c)),
        ("gabor(0.8, -0.4, 1.3)", lambda u: a * mp.exp(c * u * u) * mp.sin(b * u),
         lambda u: a * mp.exp(c * u * u) * (b * mp.cos(b * u) + 2 * c * u * mp.sin(b * u)), lambda *k: gabor(*k, a, c, b)),
    ]
    with mp.workdps(16):
        for name, phi, slope, closed in functions:
            for k11, k22, rho in [(1.0, 1.0, 0.3), (0.7, 1.9, -0.6), (1.2, 0.4, 0.95)]:
                k11, k22 = mpf(k11), mpf(k22)
                k12 = mpf(rho) * mp.sqrt(k11 * k22)
                for exact, summed in zip(closed(k12, k11, k22), _integral(phi, slope, k12, k11, k22)):
                    assert abs(exact - summed) < 1e-11, (name, k11, k22, rho, exact, summed)
        for zeta in ("relu", "abs", "erf"):
            for rho in ("0.3", "-0.6"):
                given = (zeta, (mpf("0.4"), mpf("-0.3")), mpf(rho), mpf(1), mpf("1.5"))
                for exact, summed in zip(with_means(*given), _by_one_integral(*given)):
                    assert abs(exact - summed) < 1e-11, (given, exact, summed)
