"""Kernels of NumPy arrays by ctypes, without a binding: the library is found by its soname."""
import ctypes as c

import numpy as np

limes = c.CDLL("liblimes.so.0")
limes.limes_error.restype = c.c_char_p


class Array(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int), ("axes", c.c_uint), ("items", c.c_size_t),
                ("size", c.c_size_t * 2), ("features", c.c_size_t), ("stride", c.c_ssize_t * 4)]


class Output(c.Structure):
    _fields_ = [("nngp", c.c_void_p), ("ntk", c.c_void_p), ("stride", c.c_size_t), ("nngp_error", c.c_void_p),
                ("ntk_error", c.c_void_p)]


context = c.c_void_p()
limes.limes_context_create(c.byref(context))


def do(name, *arguments):
    if getattr(limes, name)(context, *arguments) != 0:
        raise RuntimeError(limes.limes_error(context).decode())


def batch(x):
    """The items of x [N, positions..., C], float64 or float32 and with any strides."""
    item, *places, feature = (stride // x.itemsize for stride in x.strides)
    places += [0] * (2 - len(places))
    array = Array(x.ctypes.data, x.dtype == np.float32, x.ndim - 2, x.shape[0], (c.c_size_t * 2)(*x.shape[1:-1]), x.shape[-1],
                  (c.c_ssize_t * 4)(item, *places, feature))
    handle = c.c_void_p()
    do("limes_batch_create", c.byref(array), None, None, c.byref(handle))
    return handle


def kernel(model, x, y):
    """NNGP and NTK [len(x), len(y)] of a model's text."""
    nngp, ntk, handle = np.empty((len(x), len(y))), np.empty((len(x), len(y))), c.c_void_p()
    a, b = batch(x), batch(y)
    do("limes_model_parse", model.encode(), c.byref(handle))
    do("limes_kernel", handle, a, b, c.byref(Output(nngp.ctypes.data, ntk.ctypes.data, 0, None, None)))
    for destroy, what in ("limes_model_destroy", handle), ("limes_batch_destroy", a), ("limes_batch_destroy", b):
        getattr(limes, destroy)(what)
    return nngp, ntk


def by_formula(x, y):
    """The same for `dense(w_std=sqrt(2)) relu dense` [Cho & Saul 2009]"""
    cov, own_x, own_y = 2 * x @ y.T / x.shape[1], 2 * np.mean(x**2, axis=1), 2 * np.mean(y**2, axis=1)
    s = np.sqrt(np.outer(own_x, own_y))
    theta = np.arccos(np.clip(cov / s, -1, 1))
    slope = (np.pi - theta) / (2 * np.pi)
    nngp = s * np.sin(theta) / (2 * np.pi) + slope * cov
    return nngp, nngp + slope * cov


random = np.random.default_rng(0)
x, y = random.normal(size=(5, 7)), random.normal(size=(3, 7))
for kind, a, b in ("C order", x, y), ("Fortran order", np.asfortranarray(x), y), ("float32", x.astype("f4"), y.astype("f4")):
    expected = by_formula(a.astype(float), b.astype(float))
    error = max(np.abs(got - want).max() for got, want in zip(kernel("dense(w_std=sqrt(2)) relu dense", a, b), expected))
    print(f"{kind}: limes and the formula differ by {error:.1e}")
    assert error < 1e-12
