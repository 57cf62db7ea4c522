// SPDX-License-Identifier: Apache-2.0
//
// The generic pump: grpc++ on both sides. A listener is a grpc server with workers of its own, since grpc binds a
// completion queue to one server. The reference: slower than `frame`, and it knows every corner of gRPC.
#pragma once

#include <memory>

#include "base/control_thread.h"
#include "base/log.h"
#include "pump/pump.h"

namespace myelin::generic {

/// `workers` for each of at most `listeners` at a time; the workers' indexes count up from `first_index`, and those of
/// a listener that has ended are taken again. All references outlive the pump.
std::unique_ptr<Pump> MakePump(uint32_t workers, uint32_t first_index, uint32_t listeners, ControlThread& control,
                               Logger& log);

}  // namespace myelin::generic
