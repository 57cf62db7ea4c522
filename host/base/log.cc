// SPDX-License-Identifier: Apache-2.0
//
// The Logger over spdlog: its asynchronous queue, and one sink that writes to a LogFile. The only file that sees
// spdlog.
#include "base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <condition_variable>
#include <mutex>

namespace myelin {
namespace {

constexpr size_t kWriteAtBytes = 64 << 10;

constexpr std::array<spdlog::level::level_enum, 7> kSpdlogLevels{
    spdlog::level::trace, spdlog::level::debug,    spdlog::level::info, spdlog::level::warn,
    spdlog::level::err,   spdlog::level::critical, spdlog::level::off};

/// Receives rendered lines on the log's thread. It writes when the queue is empty or enough has gathered: promptly when
/// there is little to say, in large writes under load.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FileSink(LogFormat format, const LogFileOptions& options) : format_(format), now_(options.now), file_(options) {}

  /// The queue in front of this sink; it outlives the sink's last call. Unset: every line is written at once.
  void SetQueue(spdlog::details::thread_pool* queue) { queue_ = queue; }

  std::string Reopen() {
    std::lock_guard lock(mutex_);
    return file_.Reopen();
  }

  uint64_t flushes() {
    std::lock_guard lock(mutex_);
    return flushes_;
  }

  bool WaitForFlush(uint64_t count, Duration timeout) {
    std::unique_lock lock(mutex_);
    return flushed_.wait_for(lock, timeout, [&] { return flushes_ >= count; });
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    ReportDropped();
    file_.Append(std::string_view(line.payload.data(), line.payload.size()));
    const bool urgent = line.level >= spdlog::level::err;
    if (urgent || queue_ == nullptr || file_.buffered_bytes() >= kWriteAtBytes || queue_->queue_size() == 0) WriteOut();
  }

  void flush_() override {
    ++flushes_;
    flushed_.notify_all();
    WriteOut();
  }

  void set_pattern_(const std::string&) override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter>) override {}

  void WriteOut() {
    const std::string problem = file_.Flush();
    // spdlog catches it and complains on standard error, at most once a second.
    if (!problem.empty()) throw spdlog::spdlog_ex(problem);
  }

  void ReportDropped() {
    const uint64_t dropped = queue_ == nullptr ? 0 : queue_->overrun_counter();
    if (dropped == reported_drops_) return;
    const std::array<LogField, 1> fields{LogField{"dropped_lines", dropped - reported_drops_}};
    reported_drops_ = dropped;
    file_.Append(RenderLogLine(
        format_, {now_(), LogLevel::kWarning, "log",
                  "lines were dropped here, because they came faster than they could be written", fields}));
  }

  const LogFormat format_;
  const WallClock now_;
  LogFile file_;
  spdlog::details::thread_pool* queue_ = nullptr;
  uint64_t reported_drops_ = 0;
  uint64_t flushes_ = 0;
  std::condition_variable flushed_;
};

}  // namespace

struct Logger::Backend {
  std::shared_ptr<FileSink> sink;                       // shared, because spdlog keeps sinks so
  std::shared_ptr<spdlog::details::thread_pool> queue;  // shared, because async_logger holds it weakly
  std::shared_ptr<spdlog::logger> logger;               // shared, because each queued line holds it
  std::mutex flush;                                     // one Flush at a time, so that the sink's count is its own
};

Logger::Logger(const LogOptions& options)
    : level_(options.level), format_(options.format), now_(options.file.now), backend_(std::make_unique<Backend>()) {
  backend_->sink = std::make_shared<FileSink>(options.format, options.file);
  if (options.queue_lines == 0) {
    backend_->logger = std::make_shared<spdlog::logger>("myelin", backend_->sink);
  } else {
    backend_->queue = std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1);
    backend_->sink->SetQueue(backend_->queue.get());
    backend_->logger = std::make_shared<spdlog::async_logger>("myelin", backend_->sink, backend_->queue,
                                                              spdlog::async_overflow_policy::overrun_oldest);
  }
  backend_->logger->set_level(spdlog::level::trace);
}

Logger::~Logger() {
  // The queue's destructor lets its thread write what is queued, and joins it.
  backend_->queue.reset();
}

void Logger::Write(LogLevel level, std::string_view component, std::string_view message,
                   std::span<const LogField> fields) noexcept {
  if (Enabled(level)) WriteRequested(level, component, message, fields);
}

void Logger::WriteRequested(LogLevel level, std::string_view component, std::string_view message,
                            std::span<const LogField> fields) noexcept {
  if (this->level() == LogLevel::kOff || level >= LogLevel::kOff) return;
  try {
    const std::string line = RenderLogLine(format_, {now_(), level, component, message, fields});
    backend_->logger->log(kSpdlogLevels[static_cast<size_t>(level)], spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {  // out of memory: a lost line is better than a lost call
  }
}

bool Logger::Flush(Duration timeout) {
  std::lock_guard lock(backend_->flush);
  const uint64_t before = backend_->sink->flushes();
  backend_->logger->flush();
  return backend_->sink->WaitForFlush(before + 1, timeout);
}

std::string Logger::Reopen() { return backend_->sink->Reopen(); }

uint64_t Logger::dropped_lines() const { return backend_->queue ? backend_->queue->overrun_counter() : 0; }

}  // namespace myelin
