// SPDX-License-Identifier: Apache-2.0
//
// The frame pump: HTTP/2 frames relayed with libnghttp2 on an event loop per worker. Messages are neither put together
// nor understood; what one side sends reaches the other as it was. All listeners share its workers.
#pragma once

#include <functional>
#include <memory>

#include "base/control_thread.h"
#include "base/limits.h"
#include "base/log.h"
#include "pump/pump.h"

namespace myelin::frame {

/// `workers` in all, with the indexes from 0 on; and `spares`, with those from `first_spare` on, for the places of
/// workers that a policy does not return to: `stuck` is told of each on the control thread. All references outlive the
/// pump.
std::unique_ptr<Pump> MakePump(uint32_t workers, uint32_t first_spare, uint32_t spares, ControlThread& control,
                               Logger& log, const HostLimits& limits, std::function<void(Worker& stuck)> stuck);

}  // namespace myelin::frame
