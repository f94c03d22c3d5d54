/* The models that come with the library. */
#include "limes/model.h"

#define CONV_RELU "conv(3, w_std=sqrt(2)) relu "

static const limes_shipped_model shipped[] = {
    {"fcn", "repeat(3, dense(w_std=sqrt(2), b_std=0.1) relu) dense",
     "A fully connected network with three hidden layers, for feature vectors (put flatten before it for images)."},
    {"cnn-gp", "repeat(5, conv(3, w_std=sqrt(2), b_std=0.1) relu) flatten dense",
     "A convolutional network of five layers that reads its positions out side by side, for images or sequences of one size."},
    {"cntk-gap", "repeat(20, conv(3, w_std=sqrt(2)) relu) global_avg_pool dense",
     "A deep convolutional network of twenty layers with mean pooling, after the convolutional NTK of Arora et al. 2019."},
    {"myrtle5", CONV_RELU CONV_RELU "avg_pool(2) " CONV_RELU "avg_pool(2) " CONV_RELU "avg_pool(2) global_avg_pool dense",
     "The five-layer Myrtle network for images, after the kernels of Shankar et al. 2020."},
    {"attention-imdb",
     "conv(9, padding=valid) relu attention(position=sum, decay=cauchy, decay_power=2) relu global_avg_pool dense",
     "Convolution and attention over word vectors, for texts of any length, after Hron et al. 2020."},
    {"attention-cifar",
     "repeat(3, conv(3, w_std=sqrt(2), b_std=0.1) relu) attention(position=sum, decay=relative) layer_norm relu flatten dense",
     "Three convolutions and one layer of attention with relative positions, for small colour images."},
    {"attention-digits",
     "conv(3, w_std=sqrt(2), b_std=0.1) relu attention(q_std=2, k_std=2, position=sum, position_std=0.5) relu flatten dense",
     "One convolution and one layer of attention with weights far from flat, for the embedded digits."},
    {"transformer",
     "dense repeat(4, residual(layer_norm attention(position=sum, decay=relative)) residual(layer_norm "
     "dense(w_std=sqrt(2)) relu dense)) layer_norm global_avg_pool dense",
     "Four pre-norm transformer blocks with mean pooling, for sequences of any length."},
};

const limes_shipped_model *limes_model_shipped(size_t i) { return i < sizeof shipped / sizeof *shipped ? &shipped[i] : NULL; }
