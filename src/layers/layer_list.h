/* Every registered word, in the order of the reference. Adding a layer = one file + one line here + one page of docs. */
#define LIMES_LAYER_LIST(X)                                                                                                      \
  X(dense)                                                                                                                       \
  X(conv)                                                                                                                        \
  X(local_conv)                                                                                                                  \
  X(conv_transpose)                                                                                                              \
  X(avg_pool)                                                                                                                    \
  X(sum_pool)                                                                                                                    \
  X(global_avg_pool)                                                                                                             \
  X(global_sum_pool)                                                                                                             \
  X(flatten)                                                                                                                     \
  X(resize)                                                                                                                      \
  X(slice)                                                                                                                       \
  X(aggregate)                                                                                                                   \
  X(dropout)                                                                                                                     \
  X(relu)                                                                                                                        \
  X(leaky_relu)                                                                                                                  \
  X(abrelu)                                                                                                                      \
  X(abs)                                                                                                                         \
  X(erf)                                                                                                                         \
  X(layer_norm)                                                                                                                  \
  X(attention)                                                                                                                   \
  X(attention_pool)                                                                                                              \
  X(identity)                                                                                                                    \
  X(residual)                                                                                                                    \
  X(sum)                                                                                                                         \
  X(product)                                                                                                                     \
  X(concat)                                                                                                                      \
  X(repeat)
