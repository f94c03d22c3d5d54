/* limes: the infinite-width limit of neural networks, attention included. One header for users. */
#ifndef LIMES_H
#define LIMES_H

#include "limes/data.h"
#include "limes/gp.h"
#include "limes/io.h"
#include "limes/kernel.h"
#include "limes/model.h"
#include "limes/network.h"
#include "limes/status.h"
#include "limes/study.h"
#include "limes/train.h"
#include "limes/width.h"

#endif
