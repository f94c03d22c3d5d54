/* Every registered word, in the order of the reference. Adding a layer = one file + one line here + one page of docs. */
#define LIMES_LAYER_LIST(X)                                                                                                      \
  X(dense)                                                                                                                       \
  X(conv)                                                                                                                        \
  X(avg_pool)                                                                                                                    \
  X(global_avg_pool)                                                                                                             \
  X(flatten)                                                                                                                     \
  X(relu)                                                                                                                        \
  X(leaky_relu)                                                                                                                  \
  X(abrelu)                                                                                                                      \
  X(abs)                                                                                                                         \
  X(erf)                                                                                                                         \
  X(sigmoid_like)                                                                                                                \
  X(gelu)                                                                                                                        \
  X(sin)                                                                                                                         \
  X(cos)                                                                                                                         \
  X(rbf)                                                                                                                         \
  X(gaussian)                                                                                                                    \
  X(exp)                                                                                                                         \
  X(exp_normalized)                                                                                                              \
  X(hermite)                                                                                                                     \
  X(monomial)                                                                                                                    \
  X(rectified_monomial)                                                                                                          \
  X(polynomial)                                                                                                                  \
  X(sign)                                                                                                                        \
  X(step)                                                                                                                        \
  X(tanh)                                                                                                                        \
  X(sigmoid)                                                                                                                     \
  X(softplus)                                                                                                                    \
  X(swish)                                                                                                                       \
  X(mish)                                                                                                                        \
  X(elu)                                                                                                                         \
  X(layer_norm)                                                                                                                  \
  X(attention)                                                                                                                   \
  X(identity)                                                                                                                    \
  X(residual)                                                                                                                    \
  X(sum)                                                                                                                         \
  X(repeat)
