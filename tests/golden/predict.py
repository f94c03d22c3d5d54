"""Section 8 of docs/mathematics.md, with inverses and matrix exponentials written out."""

from mpmath import mp


def predict(mode, kernel, y, time, rate, diag_reg, absolute):
    """kernel: matrices nngp_dd, ... ntk_tt; y [N,K]. (mean [M,K], cov [M,M], or None where only the mean is defined)"""
    which = "nngp" if mode == "nngp" else "ntk"
    solved, cross = kernel[which + "_dd"], kernel[which + "_td"]
    n = solved.rows
    noise = diag_reg if absolute else diag_reg * sum(solved[i, i] for i in range(n)) / n
    a = solved + noise * mp.eye(n)
    e = mp.zeros(n) if time == float("inf") else mp.expm(-rate * time / (n * y.cols) * a, method="taylor")
    weights = cross * a ** -1 * (mp.eye(n) - e)
    mean = weights * y
    if mode == "ensemble":
        back = weights * kernel["nngp_td"].T
        return mean, kernel["nngp_tt"] + weights * kernel["nngp_dd"] * weights.T - back - back.T
    if mode == "nngp":
        return mean, kernel["nngp_tt"] - cross * a ** -1 * (mp.eye(n) - e * e) * cross.T
    return mean, kernel["ntk_tt"] - cross * a ** -1 * cross.T if time == float("inf") else None
