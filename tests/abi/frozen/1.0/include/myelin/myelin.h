/* SPDX-License-Identifier: Apache-2.0 */
/* All of the C SDK in one include. */
#ifndef MYELIN_MYELIN_H
#define MYELIN_MYELIN_H

#include <myelin/balancer.h>
#include <myelin/limiter.h>
#include <myelin/plugin.h>
#include <myelin/pool.h>

#endif
