// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/verdicts.h"

namespace myelin {
namespace {

constexpr uint64_t kMaxMessageBytes = 64 * 1024;
constexpr uint64_t kMaxDelayNs = 3'600'000'000'000;

std::string Number(uint64_t number) { return std::to_string(number); }

std::string UnknownVerdict(uint32_t verdict) {
  if (verdict == UINT32_MAX) return "answers no verdict (4294967295: the C++ wrapper caught an exception)";
  return "answers the verdict " + Number(verdict) + ", which does not exist";
}

std::string FaultOfStatus(uint32_t status, const myelin_string& message) {
  if (status > MYELIN_GRPC_UNAUTHENTICATED)
    return "fails a call with grpc-status " + Number(status) + "; 16 is the last";
  if (message.size > 0 && message.data == nullptr) return "fails a call with a message that is NULL but has a size";
  if (message.size > kMaxMessageBytes) return "fails a call with a message of " + Number(message.size) + " bytes";
  return "";
}

std::string OutOfRange(const char* what, uint32_t index, uint32_t count) {
  return std::string("answers ") + what + " " + Number(index) + " where there are " + Number(count);
}

}  // namespace

std::string FaultOfPick(uint32_t verdict, const myelin_pick& out, const myelin_snapshot& snapshot) {
  switch (verdict) {
    case MYELIN_PICK:
      return out.index < snapshot.endpoint_count ? "" : OutOfRange("endpoint", out.index, snapshot.endpoint_count);
    case MYELIN_PICK_QUEUE:
      return "";
    case MYELIN_PICK_FAIL:
      return FaultOfStatus(out.status, out.message);
    default:
      return UnknownVerdict(verdict);
  }
}

std::string FaultOfAcquire(uint32_t verdict, const myelin_acquire& out, const myelin_pool_view& view) {
  switch (verdict) {
    case MYELIN_ACQUIRE_USE: {
      if (out.index >= view.connection_count) return OutOfRange("connection", out.index, view.connection_count);
      const myelin_connection& connection = *myelin_connection_at(&view, out.index);
      if (connection.state == MYELIN_CONNECTION_DRAINING) return "answers a connection that is draining";
      const bool full = connection.streams >= connection.stream_limit;
      if (connection.state == MYELIN_CONNECTION_READY && full) return "answers a connection without room for a stream";
      return "";
    }
    case MYELIN_ACQUIRE_OPEN:
    case MYELIN_ACQUIRE_QUEUE:
      return "";
    case MYELIN_ACQUIRE_FAIL:
      return FaultOfStatus(out.status, out.message);
    default:
      return UnknownVerdict(verdict);
  }
}

std::string FaultOfAdmit(uint32_t verdict, const myelin_admit& out) {
  switch (verdict) {
    case MYELIN_ADMIT:
      return "";
    case MYELIN_ADMIT_DELAY:
      return out.delay_ns <= kMaxDelayNs ? "" : "delays a call by " + Number(out.delay_ns) + " ns, more than an hour";
    case MYELIN_ADMIT_REJECT:
      return FaultOfStatus(out.status, out.message);
    default:
      return UnknownVerdict(verdict);
  }
}

std::string FaultOfTick(const myelin_tick& tick, const myelin_pool_view& view) {
  if (tick.count > tick.capacity)
    return "writes " + Number(tick.count) + " commands where " + Number(tick.capacity) + " fit";
  for (uint32_t i = 0; i < tick.count; ++i) {
    const myelin_tick_command& command = *MYELIN_AT(myelin_tick_command, tick.commands, tick.command_stride, i);
    if (command.verb < MYELIN_TICK_OPEN || command.verb > MYELIN_TICK_NOTE) {
      return "writes the verb " + Number(command.verb) + ", which does not exist";
    }
    if (command.verb != MYELIN_TICK_OPEN && command.index >= view.connection_count) {
      return OutOfRange("connection", command.index, view.connection_count);
    }
  }
  return "";
}

}  // namespace myelin
