/* The finite face of local_conv (local_conv_finite.c). */
#ifndef LIMES_LAYERS_LOCAL_CONV_H
#define LIMES_LAYERS_LOCAL_CONV_H

#include "layers/finite.h"

extern const limes_finite limes_local_conv_finite;

#endif
