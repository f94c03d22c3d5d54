"""The cases: name, model, data. Data are drawn from the name, so that a case does not depend on the others."""

import random


def draw(name, shape):
    """Nested lists of normal numbers, rounded so that files stay small."""
    stream = random.Random(name)

    def fill(sizes):
        return round(stream.gauss(0, 1), 3) if not sizes else [fill(sizes[1:]) for _ in range(sizes[0])]

    return fill(list(shape))


def repeated(x, source, target):
    """The same item twice"""
    x[target] = x[source]


def scaled(x, item, factor):
    x[item] = [v * factor for v in x[item]]


# name, model, shape of x1, shape of x2 (None: symmetric), what else: change=function of x1, lengths1/2, holes1/2, segments1/2
KERNEL = [
    # fully connected
    ("fcn-relu-repeated-item", "dense(w_std=1.3, b_std=0.2) relu dense(w_std=0.9, b_std=0.3) relu dense", (4, 3), None,
     {"change": lambda x: repeated(x, 0, 2)}),
    ("fcn-leaky-relu", "dense(w_std=sqrt(2), b_std=0.1) leaky_relu(0.1) dense leaky_relu dense", (3, 4), (2, 4)),
    ("fcn-abrelu", "dense(b_std=0.4) abrelu(-0.5, 2) dense(w_std=0.7) abrelu(a=0.3, b=1.1) dense(b_std=0.2)", (3, 4), (4, 4)),
    ("fcn-abs", "dense(w_std=1.1) abs dense(b_std=0.3) abs dense", (4, 5), None),
    ("fcn-erf", "dense(w_std=1.5, b_std=0.2) erf(1.5, 0.7, -0.3) dense(w_std=1.2) erf(b=2) dense", (4, 3), None,
     {"change": lambda x: repeated(x, 1, 3)}),
    ("fcn-opposite-and-zero", "dense(w_std=sqrt(2)) relu dense(w_std=sqrt(2)) relu dense", (4, 2), None,
     {"change": lambda x: (repeated(x, 0, 1), scaled(x, 1, -1), scaled(x, 2, 0))}),
    ("fcn-mixed-scales", "dense(w_std=1.4) relu dense(w_std=1.2) abs dense", (4, 3), (3, 3),
     {"change": lambda x: (scaled(x, 0, 1e4), scaled(x, 1, 1e-6))}),
    ("fcn-linear", "dense(w_std=0.7, b_std=1.1) identity dense(w_std=1.2)", (3, 2), (2, 2)),
    ("fcn-layer-norm", "dense(w_std=1.4, b_std=0.3) layer_norm relu dense layer_norm(eps=0.1) erf dense", (4, 3), None),
    ("fcn-deep", "repeat(8, dense(w_std=sqrt(2), b_std=0.1) relu) dense", (3, 4), (3, 4)),
    ("fcn-residual-alpha", "dense(b_std=0.1) residual(relu dense(w_std=1.3), alpha=0.3) relu dense", (3, 4), (3, 4)),
    ("fcn-gabor", "dense(w_std=1.3, b_std=0.2) gabor dense(w_std=2, b_std=0.3) gabor(0.7, -0.4, 1.3) dense", (3, 3), (3, 3)),
    ("fcn-gabor-repeated-item", "dense(w_std=1.3) gabor dense(w_std=2) gabor dense", (3, 3), None,
     {"change": lambda x: repeated(x, 1, 2)}),
    ("depth-own-coins", "dense(b_std=0.2) residual(relu dense(w_std=1.2), survive=0.7) dense relu dense residual(erf dense, alpha=0.3, "
     "survive=0.4) dense relu dense", (3, 3), None),
    ("depth-own-coins-two-batches", "conv(3) residual(relu conv(3, b_std=0.3), survive=0.7) conv(2) relu global_avg_pool dense",
     (3, 4, 2), (2, 4, 2), {"holes1": [[1], [], [0, 3]]}),
    ("depth-own-coins-ragged", "conv(3) residual(layer_norm attention(q_std=2), survive=0.6) layer_norm attention relu "
     "global_avg_pool dense", (3, 5, 2), None, {"lengths1": [5, 3, 1]}),
    ("depth-shared-coins", "conv(3) repeat(2, residual(relu dense(b_std=0.3), survive=0.7, coins=shared)) sum(residual(erf dense, "
     "alpha=0.4, survive=0.6, coins=shared) | conv(3)) relu flatten dense", (2, 4, 2), (2, 4, 2)),
    ("fcn-sum", "dense(b_std=0.2) sum(relu dense(w_std=1.2) | erf dense(b_std=0.3) | identity) abs dense", (3, 3), (3, 3)),
    ("fcn-nested", "dense repeat(2, residual(repeat(2, relu dense(b_std=0.2)), alpha=0.6)) sum(identity dense) erf dense", (3, 3),
     None),
    # one axis: convolutions and pools
    ("conv1d-flatten", "conv(3, w_std=1.3, b_std=0.2) relu conv(3) relu flatten dense", (3, 5, 2), (2, 5, 2)),
    ("conv1d-even-filter", "conv(2, w_std=1.2) relu conv(4, b_std=0.3) erf global_avg_pool dense", (3, 5, 2), (2, 5, 2)),
    ("conv1d-stride", "conv(4, stride=2, w_std=1.4) relu conv(3, stride=2, b_std=0.1) relu flatten dense", (2, 7, 2), (3, 7, 2)),
    ("conv1d-valid", "conv(3, padding=valid, b_std=0.2) relu conv(2, padding=valid, stride=2) relu global_avg_pool dense",
     (3, 7, 2), (2, 7, 2)),
    ("conv1d-circular", "conv(3, padding=circular) relu conv(4, padding=circular, b_std=0.1) abs flatten dense", (3, 5, 2),
     (2, 5, 2)),
    ("conv1d-circular-stride", "conv(4, padding=circular, stride=2) relu conv(3, padding=circular) relu global_avg_pool dense",
     (2, 7, 3), (3, 7, 3)),
    ("conv1d-filter-wider-than-item", "conv(7, w_std=1.5) relu conv(5, b_std=0.1) relu flatten dense", (3, 3, 2), (2, 3, 2)),
    ("conv1d-repeated-item", "conv(3, w_std=1.4, b_std=0.1) relu conv(3) relu global_avg_pool dense", (4, 4, 2), None,
     {"change": lambda x: repeated(x, 3, 0)}),
    ("pool1d-valid", "conv(3, b_std=0.1) relu avg_pool(2) conv(2) relu global_avg_pool dense", (3, 5, 2), (2, 5, 2)),
    ("pool1d-same", "conv(3) relu avg_pool(3, stride=1, padding=same) conv(2, b_std=0.2) erf flatten dense", (3, 5, 2),
     (2, 5, 2)),
    ("pool1d-same-edges", "conv(3) relu avg_pool(3, stride=2, padding=same, normalize_edges=yes) dense relu flatten dense",
     (3, 6, 2), None),
    ("pool1d-circular", "conv(3) abs avg_pool(3, stride=1, padding=circular) dense relu flatten dense", (3, 5, 2), (2, 5, 2)),
    ("pool-then-dense", "global_avg_pool dense(b_std=0.1) relu dense", (3, 4, 3), (2, 4, 3)),
    ("flatten-then-dense", "conv(2) relu flatten dense(b_std=0.3) relu dense", (3, 4, 3), None),
    ("readout-matern32", "conv(3, b_std=0.2) relu correlated_readout(1.7) dense(b_std=0.1) relu dense", (3, 5, 2), (2, 5, 2)),
    ("readout-matern52-ragged", "conv(2) relu attention(q_std=2) relu correlated_readout(2.5, matern52) dense", (3, 6, 2),
     (2, 5, 2), {"lengths1": [6, 1, 4], "lengths2": [3, 5]}),
    ("readout-rbf-holes", "conv(3, b_std=0.3) relu correlated_readout(length_scale=0.8, kernel=rbf) dense", (3, 5, 2), None,
     {"holes1": [[1], [], [0, 3]]}),
    ("readout-exponential-image", "conv(3x2) erf dense correlated_readout(1.2, exponential) layer_norm dense", (2, 3, 4, 2),
     (2, 3, 4, 2)),
    ("readout-image-ragged", "dense relu correlated_readout(1.5) dense", (3, 3, 4, 2), (2, 4, 3, 2),
     {"lengths1": [[3, 4], [2, 2], [1, 3]], "lengths2": [[4, 1], [2, 3]]}),
    # two axes
    ("conv2d-3x2", "conv(3x2, w_std=1.2, b_std=0.1) relu conv(3x2) relu flatten dense", (2, 3, 4, 2), (2, 3, 4, 2)),
    ("conv2d-stride", "conv(2x2, stride=2x1, b_std=0.3) relu conv(2, stride=1x2) relu global_avg_pool dense", (2, 4, 4, 2),
     (2, 4, 4, 2)),
    ("conv2d-valid", "conv(3x2, padding=valid) relu conv(1x2, padding=valid, b_std=0.1) relu flatten dense", (2, 4, 4, 2),
     (2, 4, 4, 2)),
    ("conv2d-circular", "conv(2x3, padding=circular) relu conv(3x2, padding=circular, stride=2x1, b_std=0.2) relu "
     "global_avg_pool dense", (2, 3, 4, 2), (2, 3, 4, 2)),
    ("conv2d-repeated-item", "conv(3, w_std=1.4, b_std=0.1) relu conv(1x3) relu flatten dense", (3, 3, 3, 2), None,
     {"change": lambda x: repeated(x, 0, 1)}),
    ("pool2d-window", "conv(3x1) relu avg_pool(2x1) conv(2, b_std=0.2) relu avg_pool(1x3, stride=1) flatten dense", (2, 4, 4, 2),
     (2, 4, 4, 2)),
    ("pool2d-same-edges", "conv(2) erf avg_pool(3x2, stride=1x2, padding=same, normalize_edges=yes) dense relu global_avg_pool "
     "dense", (2, 3, 4, 2), (2, 3, 4, 2)),
    ("layer-norm-all", "conv(3x2, b_std=0.4) layer_norm(axes=all) relu conv(2) layer_norm(0.3, all) erf flatten dense",
     (2, 3, 3, 2), (2, 3, 3, 2)),
    # attention
    ("attention-softmax", "conv(3, w_std=1.3, b_std=0.1) relu attention(b_std=0.2) relu global_avg_pool dense", (4, 4, 3), None,
     {"change": lambda x: repeated(x, 2, 1)}),
    ("attention-softmax-sum-stds", "dense(w_std=1.3) relu attention(q_std=1.2, k_std=2.5, v_std=1.1, o_std=0.9, b_std=0.3, "
     "position=sum, position_std=0.7, decay=cauchy) relu flatten dense", (3, 5, 2), (2, 5, 2)),
    ("attention-softmax-concat", "conv(2) relu attention(position=concat, position_share=0.3, decay=exponential, decay_rate=0.4, "
     "q_std=2) global_avg_pool dense", (3, 5, 2), (2, 5, 2)),
    ("attention-softmax-concat-values", "dense(b_std=0.2) relu attention(position=concat, position_width=16, input_width=48, "
     "decay=exponential, decay_rate=0.5, decay_power=0.7, in_values=yes, k_std=3) erf flatten dense", (3, 4, 2), (2, 4, 2)),
    ("attention-only", "dense relu attention(position=only, decay=relative, q_std=2, position_std=1.5) relu "
     "global_avg_pool dense", (2, 5, 2), (2, 5, 2)),
    ("attention-identity-sum-values", "dense(b_std=0.1) relu attention(zeta=identity, position=sum, decay=exponential, "
     "position_norm=1, decay_rate=0.6, in_values=yes) layer_norm relu flatten dense", (3, 4, 2), (2, 4, 2)),
    ("attention-relu", "dense attention(zeta=relu, k_std=1.3, b_std=0.1) relu flatten dense", (3, 5, 2), (2, 5, 2)),
    ("attention-abs-image", "conv(2) attention(zeta=abs, position=sum, decay=relative, decay_rate=3) relu global_avg_pool dense",
     (2, 3, 4, 2), (2, 3, 4, 2)),
    ("attention-cauchy-image", "conv(3) relu attention(position=sum, decay=cauchy, decay_power=0.8, position_norm=1, q_std=2) "
     "layer_norm relu flatten dense", (2, 3, 3, 2), None),
    ("attention-concat-default", "dense abs attention(zeta=identity, position=concat) relu flatten dense", (2, 4, 2), (2, 4, 2)),
    ("attention-on-input", "attention(q_std=2) attention(zeta=relu, position=sum) global_avg_pool dense", (3, 4, 3), (2, 4, 3)),
    ("attention-causal", "dense(b_std=0.2) relu attention(causal=yes, q_std=3) relu global_avg_pool dense", (3, 5, 2), (2, 5, 2)),
    ("attention-causal-identity", "dense attention(zeta=identity, causal=yes, position=sum, decay=cauchy, in_values=yes) relu "
     "flatten dense", (2, 4, 2), (2, 4, 2)),
    ("attention-causal-image", "conv(2) erf attention(causal=yes, zeta=abs, position=concat) relu global_avg_pool dense",
     (2, 2, 3, 2), (2, 2, 3, 2)),
    # ragged items and holes
    ("ragged-attention", "conv(2) relu attention(position=sum, decay=cauchy, k_std=2) relu global_avg_pool dense", (4, 5, 2),
     None, {"lengths1": [5, 3, 1, 4]}),
    ("ragged-relative", "dense relu attention(position=sum, decay=relative, decay_rate=2, q_std=2) relu global_avg_pool dense",
     (3, 5, 2), (3, 6, 2), {"lengths1": [5, 2, 3], "lengths2": [1, 6, 4]}),
    ("ragged-relative-values", "dense relu attention(zeta=relu, position=sum, decay=relative, in_values=yes, b_std=0.2) "
     "layer_norm relu global_avg_pool dense", (3, 5, 2), (2, 4, 2), {"lengths1": [5, 2, 3], "lengths2": [1, 4]}),
    ("ragged-relative-image", "dense abs attention(position=concat, decay=relative, in_values=yes, k_std=2) relu global_avg_pool "
     "dense", (3, 3, 4, 2), None, {"lengths1": [[3, 4], [2, 2], [1, 3]]}),
    ("ragged-causal", "conv(3, padding=valid) relu attention(causal=yes, position=sum, decay=relative, q_std=2) relu "
     "global_avg_pool dense", (3, 6, 2), (2, 6, 2), {"tails1": [6, 3, 4], "tails2": [5, 3]}),
    ("ragged-strides-and-pools", "conv(3, stride=2, b_std=0.2) relu avg_pool(2, stride=1, padding=same) "
     "conv(2, padding=circular) relu global_avg_pool dense", (3, 7, 2), (2, 7, 2), {"tails1": [7, 5, 3], "lengths2": [6, 2]}),
    ("ragged-layer-norm-all", "dense(b_std=0.3) layer_norm(axes=all) relu dense layer_norm(eps=0.2, axes=all) global_avg_pool",
     (3, 4, 2), (2, 4, 2), {"lengths1": [4, 1, 3], "lengths2": [2, 4]}),
    ("holes-conv", "conv(3, b_std=0.2) erf(c=0.3) conv(2) relu global_avg_pool dense", (3, 5, 2), (2, 5, 2),
     {"holes1": [[1], [], [0, 3]], "holes2": [[2], [0, 1, 2]]}),
    ("holes-attention", "conv(3) relu attention(position=sum, decay=exponential, b_std=0.4, q_std=2) layer_norm(axes=all) relu "
     "global_avg_pool dense", (3, 5, 2), None, {"holes1": [[1], [], [0, 3]]}),
    ("holes-image", "conv(3x2, b_std=0.2) relu attention(zeta=relu, causal=yes) relu global_avg_pool dense", (2, 3, 3, 2),
     (2, 3, 3, 2), {"holes1": [[4], [0, 8]], "holes2": [[1, 3], []]}),
    ("transformer-ragged", "dense repeat(2, residual(layer_norm attention(position=sum, decay=relative, k_std=2)) "
     "residual(layer_norm dense(w_std=sqrt(2)) relu dense)) layer_norm global_avg_pool dense", (3, 4, 2), (2, 4, 2),
     {"lengths1": [4, 2, 3], "lengths2": [1, 4]}),
    # attention: other weights
    ("zeta-erf", "dense(b_std=0.2) attention(zeta=erf, q_std=1.5, b_std=0.1) relu global_avg_pool dense", (3, 4, 2), (2, 4, 2)),
    ("zeta-sparsemax", "conv(2, b_std=0.1) relu attention(zeta=sparsemax, q_std=2, k_std=1.5) relu global_avg_pool dense",
     (3, 6, 2), (2, 6, 2)),
    ("zeta-sparsemax-causal", "dense(w_std=2) attention(zeta=sparsemax, causal=yes, position=sum, decay=cauchy) relu flatten "
     "dense", (3, 5, 2), None),
    ("zeta-entmax15", "dense(w_std=1.5) relu attention(zeta=entmax15, q_std=2, position=concat, in_values=yes) relu "
     "global_avg_pool dense", (3, 6, 2), (2, 6, 2)),
    ("zeta-entmax15-ragged", "conv(3) attention(zeta=entmax15, k_std=3, position=sum, decay=relative) relu global_avg_pool "
     "dense", (3, 6, 2), (2, 5, 2), {"lengths1": [6, 1, 4], "lengths2": [3, 5]}),
    ("zeta-topk", "dense(b_std=0.3) relu attention(zeta=topk(2), q_std=2) relu global_avg_pool dense", (3, 5, 2), (2, 5, 2)),
    ("zeta-topk-holes", "conv(3) attention(zeta=topk(3), causal=yes, k_std=2) relu global_avg_pool dense", (3, 6, 2), (2, 6, 2),
     {"holes1": [[1], [], [0, 3]], "holes2": [[2], [0, 1, 2]]}),
    ("zeta-pruned", "conv(2) relu attention(prune=0.2, q_std=2, k_std=2) relu flatten dense", (3, 6, 2), (2, 6, 2)),
    ("zeta-pruned-to-the-largest", "dense attention(prune=0.9, causal=yes, b_std=0.2) relu global_avg_pool dense", (3, 5, 2),
     (2, 5, 2)),
    ("shaped", "dense attention(center=yes, skip=0.8, q_std=2) relu dense attention(center=yes, causal=yes, skip=-0.5) relu "
     "global_avg_pool dense", (3, 4, 2), (2, 4, 2)),
    ("shaped-holes", "dense(b_std=0.1) attention(center=yes, skip=1, zeta=sparsemax, q_std=1.5) attention(skip=0.6, zeta=topk(1)) "
     "relu global_avg_pool dense", (3, 5, 2), (2, 5, 2), {"holes1": [[1], [], [0, 3]], "holes2": [[2], [0, 1, 2]]}),
    # attention: random logits
    ("sqrt-relu", "dense(b_std=0.2) relu dense attention(scale=sqrt, zeta=relu, q_std=1.5, b_std=0.3) relu dense "
     "global_avg_pool", (2, 4, 2), (2, 4, 2)),
    ("sqrt-abs-ragged", "conv(2) relu attention(scale=sqrt, zeta=abs, position=concat, decay=cauchy, in_values=yes) "
     "global_avg_pool dense", (3, 4, 2), None, {"lengths1": [4, 1, 3]}),
    ("sqrt-erf-causal", "dense(b_std=0.1) attention(scale=sqrt, zeta=erf, causal=yes, k_std=2) relu flatten dense", (2, 4, 2),
     (2, 4, 2)),
    ("correlation-identity", "dense relu attention(qk_correlation=0.5, zeta=identity, position=sum, o_std=0.8) flatten dense",
     (2, 3, 2), (2, 3, 2)),
    ("correlation-relu", "dense(b_std=0.2) attention(qk_correlation=0.6, zeta=relu, q_std=1.3, b_std=0.2) relu global_avg_pool "
     "dense", (2, 2, 2), None),
    ("correlation-abs-positions", "dense attention(qk_correlation=0.8, zeta=abs, position=sum, decay=relative, causal=yes) flatten "
     "dense", (1, 3, 2), (1, 3, 2)),
    ("correlation-erf", "dense relu attention(qk_correlation=0.3, zeta=erf, k_std=1.5, v_std=1.2) global_avg_pool dense",
     (2, 2, 2), None),
    # attention_pool
    ("attention-pool-learned-sqrt", "conv(2, b_std=0.1) relu attention_pool(learned, scale=sqrt, zeta=relu, q_std=1.2, b_std=0.2) "
     "relu dense", (3, 5, 2), (2, 5, 2)),
    ("attention-pool-learned-erf", "dense relu attention_pool(learned, scale=sqrt, zeta=erf, position=concat, decay=cauchy, "
     "k_std=1.4) relu dense", (3, 5, 2), None, {"lengths1": [5, 2, 4]}),
    ("attention-pool", "conv(3, b_std=0.2) relu attention_pool(q_std=2, b_std=0.3) relu dense", (3, 5, 2), (2, 5, 2)),
    ("attention-pool-learned", "dense relu attention_pool(learned, zeta=sparsemax, v_std=1.2) relu dense", (3, 5, 2), None),
    ("attention-pool-image", "conv(2) relu attention_pool(position=sum, decay=relative, zeta=entmax15, k_std=2) erf dense",
     (2, 3, 3, 2), (2, 3, 3, 2)),
    ("attention-pool-ragged", "dense relu attention_pool(position=concat, decay=cauchy, prune=0.15, q_std=2, o_std=0.8) relu "
     "dense", (3, 6, 2), (2, 5, 2), {"lengths1": [6, 1, 4], "lengths2": [3, 5]}),
    ("attention-pool-holes", "conv(3) relu attention_pool(zeta=sparsemax, q_std=3) relu dense", (3, 5, 2), None,
     {"holes1": [[1], [], [0, 3]]}),
    ("hierarchical-softmax", "conv(3) relu attention_pool(q_std=2, b_std=0.1) relu attention_pool relu dense", (3, 7, 2),
     (2, 6, 2), {"segments1": [[0, 0, 0, 1, 1, 2, 2], [3, 3, 3, 3, 3, 3, 3], [0, 1, 2, 3, 4, 5, 9]],
                 "segments2": [[0, 0, 1, 1, 1, 1], [0, 0, 0, 4, 4, 5]]}),
    ("hierarchical-sparsemax", "dense relu attention_pool(zeta=sparsemax, k_std=2, position=sum, decay=relative) relu "
     "attention(zeta=topk(2)) relu attention_pool(zeta=entmax15, q_std=2) relu dense", (3, 7, 2), None,
     {"segments1": [[0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1, 1, 1], [0, 1, 1, 2, 3, 3, 3]], "tails1": [7, 6, 4]}),
    ("hierarchical-pruned-flatten", "conv(2) relu attention_pool(prune=0.3, q_std=2) relu flatten dense", (3, 6, 2), (2, 6, 2),
     {"segments1": [[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 7]], "holes1": [[1], [], [0, 3]],
      "segments2": [[0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 4, 4]]}),
]

POSITIONS = [
    ("positions-conv1d", "conv(3, b_std=0.2)", (2, 4, 2), (2, 4, 2)),
    ("positions-attention", "dense relu attention(position=sum, decay=cauchy, q_std=2) relu dense", (2, 3, 2), None),
    ("positions-causal", "dense attention(causal=yes, k_std=2, b_std=0.3)", (2, 4, 2), (1, 4, 2)),
    ("positions-sparse", "dense attention(zeta=topk(2), skip=0.5) relu dense(b_std=0.2)", (2, 5, 2), (1, 5, 2)),
    ("positions-segments", "conv(3) attention_pool(zeta=sparsemax, q_std=2) relu dense", (2, 5, 2), None,
     {"segments1": [[0, 0, 0, 1, 1], [0, 1, 1, 1, 1]]}),
    ("positions-conv2d-stride", "conv(3x2, stride=1x2) relu", (2, 3, 3, 2), (1, 3, 3, 2)),
    ("positions-pool", "conv(2) relu avg_pool(2, stride=1, padding=same, normalize_edges=yes)", (2, 4, 2), None),
]

DUAL = ["relu", "leaky_relu(0.2)", "abrelu(a=-0.5, b=1.5)", "abs", "erf", "erf(a=0.8, b=1.3, c=-0.4)", "gabor",
        "gabor(a=0.7, b=-0.4, c=1.3)"]

# mode, time, learning rate, diag_reg, whether diag_reg is absolute
PREDICT = [
    ("nngp", "inf", 1.0, 1e-3, False),
    ("nngp", 10.0, 0.5, 0.05, True),
    ("ntk", "inf", 1.0, 0.05, True),
    ("ensemble", "inf", 1.0, 1e-2, False),
    ("ensemble", 7.0, 1.0, 0.0, False),
]
