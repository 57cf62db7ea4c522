// SPDX-License-Identifier: Apache-2.0
//
// Which fields an access line has, and in which order.
#include "base/log_access.h"

#include <array>

#include "base/grpc_code.h"

namespace myelin {
namespace {

double Milliseconds(uint64_t nanoseconds) { return static_cast<double>(nanoseconds / 1000) / 1000.0; }

}  // namespace

void LogAccess(Logger& log, bool requested, const AccessRecord& record) noexcept {
  if (!AccessEnabled(log, requested)) return;
  std::array<LogField, 12> fields{
      LogField{"proxy", record.proxy},
      LogField{"method", record.method},
      LogField{"peer", record.peer},
      LogField{"endpoint", record.endpoint.empty() ? std::string_view("-") : record.endpoint},
      LogField{"grpc_status", record.grpc_status},
      LogField{"grpc_code", GrpcCodeName(record.grpc_status)},
      LogField{"duration_ms", Milliseconds(record.duration_ns)},
      LogField{"bytes_sent", record.bytes_sent},
      LogField{"bytes_received", record.bytes_received},
      LogField{"attempts", record.attempts},
      LogField{"", ""},
      LogField{"", ""},
  };
  size_t count = 10;
  if (record.upstream_ns) fields[count++] = {"upstream_ms", Milliseconds(*record.upstream_ns)};
  if (!record.message.empty()) fields[count++] = {"reason", record.message};
  const std::span<const LogField> used(fields.data(), count);
  if (requested) {
    log.WriteRequested(LogLevel::kInfo, "access", "call", used);
  } else {
    log.Write(LogLevel::kDebug, "access", "call", used);
  }
}

}  // namespace myelin
