// SPDX-License-Identifier: Apache-2.0
#include "guard/crash_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostRecords = 16;
constexpr size_t kMostBytes = 256 * 1024;

bool FromJson(const std::string& line, CrashRecord& record) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  const auto text = [&](const char* key) { return json.value(key, std::string()); };
  try {
    record.policy = {text("proxy"), text("kind"), text("policy"), text("file"), text("version"), text("hash"), 0};
    record.policy.generation = json.value("generation", uint64_t{0});
    record.hook = text("hook");
    record.signal = text("signal");
    record.seen = json.value("seen", false);
  } catch (const Json::exception&) {
    return false;
  }
  return !record.policy.hash.empty() && !record.hook.empty();
}

std::string ToJson(const CrashRecord& record) {
  const Json json = {{"proxy", record.policy.proxy},
                     {"kind", record.policy.kind},
                     {"policy", record.policy.policy},
                     {"file", record.policy.file},
                     {"version", record.policy.version},
                     {"hash", record.policy.hash},
                     {"generation", record.policy.generation},
                     {"hook", record.hook},
                     {"signal", record.signal},
                     {"seen", record.seen}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ReadAll(int descriptor) {
  std::string text;
  std::array<char, 4096> part;
  while (text.size() < kMostBytes) {
    const ssize_t got = ::pread(descriptor, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (got <= 0) break;
    text.append(part.data(), static_cast<size_t>(got));
  }
  return text;
}

bool IsSame(const CrashRecord& record, const PolicyIdentity& policy) {
  return record.policy.kind == policy.kind && record.policy.policy == policy.policy &&
         record.policy.hash == policy.hash;
}

}  // namespace

std::string CrashFile::DefaultPath(const std::vector<std::string>& config_files) {
  std::string key;
  for (const std::string& file : config_files) key += std::filesystem::absolute(file).string() + "\n";
  for (const char* name : {"STATE_DIRECTORY", "XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* folder = std::getenv(name);
    if (folder == nullptr || *folder == '\0') continue;
    return std::string(folder) + "/myelin-" + std::to_string(std::hash<std::string>{}(key)) + ".crash";
  }
  return "/tmp/myelin-" + std::to_string(::geteuid()) + "-" + std::to_string(std::hash<std::string>{}(key)) + ".crash";
}

CrashFile::CrashFile(std::string path, Logger& log) : path_(std::move(path)) {
  if (!Open(log)) return;
  Read();
  for (CrashRecord& record : records_) {
    if (record.seen) continue;
    record.seen = true;
    log.Error("guard", "an earlier run crashed " + record.Describe() + ": " + record.policy.kind + " '" +
                           record.policy.policy + "' " + record.policy.version + " of proxy '" + record.policy.proxy +
                           "' (" + record.policy.file + ", " + record.policy.hash.substr(0, 8) + ", generation " +
                           std::to_string(record.policy.generation) + "); removing " + path_ + " forgets it");
  }
  Write();
}

// It stays, though empty: another process may have opened it meanwhile, and would note its crashes in a file without a
// name.
CrashFile::~CrashFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// In a folder that all may write to, the name could be a link of somebody else's, or his file.
bool CrashFile::Open(Logger& log) {
  struct stat status {};
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  const bool own =
      descriptor >= 0 && ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
  if (own) {
    descriptor_ = descriptor;
    return true;
  }
  const std::string why = descriptor < 0 ? std::strerror(errno) : "it is no file of this user";
  if (descriptor >= 0) ::close(descriptor);
  log.Warning("guard", "crashes cannot be noted in " + path_ + ": " + why + "; guards.crash_file names another");
  return false;
}

void CrashFile::Read() {
  const std::string text = ReadAll(descriptor_);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    CrashRecord record;
    if (FromJson(text.substr(begin, end - begin), record)) {
      std::erase_if(records_, [&](const CrashRecord& known) { return IsSame(known, record.policy); });
      records_.push_back(std::move(record));
    }
    begin = end + 1;
  }
  if (records_.size() > kMostRecords) records_.erase(records_.begin(), records_.end() - kMostRecords);
}

void CrashFile::Write() const {
  std::string text;
  for (const CrashRecord& record : records_) text += ToJson(record);
  if (descriptor_ < 0 || ::ftruncate(descriptor_, 0) != 0) return;
  if (::write(descriptor_, text.data(), text.size()) < 0) return;  // then they are told of again
}

const CrashRecord* CrashFile::Find(const PolicyIdentity& policy) const {
  const auto found = std::find_if(records_.rbegin(), records_.rend(),
                                  [&](const CrashRecord& record) { return IsSame(record, policy); });
  return found == records_.rend() ? nullptr : &*found;
}

void CrashFile::Forget(const std::string& kind, const std::string& policy) {
  std::erase_if(records_, [&](const CrashRecord& record) {
    return record.policy.kind == kind && record.policy.policy == policy;
  });
  Write();
}

}  // namespace myelin
