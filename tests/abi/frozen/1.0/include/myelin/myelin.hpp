// SPDX-License-Identifier: Apache-2.0
//
// All of the C++17 wrapper in one include. Header-only; a policy is a plain class, and no exception leaves the plugin.
#ifndef MYELIN_MYELIN_HPP
#define MYELIN_MYELIN_HPP

#include <myelin/cpp/balancer.hpp>
#include <myelin/cpp/limiter.hpp>
#include <myelin/cpp/plugin.hpp>
#include <myelin/cpp/pool.hpp>

#endif
