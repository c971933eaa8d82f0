/* Cotan: JAX's system in C. cotan.h is to C what `import jax` is to Python. */
#ifndef COTAN_H
#define COTAN_H
#include "cotan/array.h"
#include "cotan/base.h"
#include "cotan/checkpoint.h"
#include "cotan/control.h"
#include "cotan/effects.h"
#include "cotan/index.h"
#include "cotan/jet.h"
#include "cotan/primitive.h"
#include "cotan/ref.h"
#include "cotan/stages.h"
#include "cotan/rules.h"
#include "cotan/transform.h"
#include "cotan/numpy.h" /* generated from api/numpy.pyi, and so on */
#include "cotan/numpy.fft.h"
#include "cotan/numpy.linalg.h"
#include "cotan/lax.h"
#include "cotan/lax.linalg.h"
#include "cotan/nn.h"
#include "cotan/random.h"
#endif
