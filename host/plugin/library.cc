// SPDX-License-Identifier: Apache-2.0
#include "plugin/library.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "plugin/link_error.h"

namespace myelin {
namespace {

constexpr off_t kMaxLibraryBytes = off_t{1} << 30;

class DllLibrary : public Library {
 public:
  DllLibrary(boost::dll::shared_library library, std::string hash)
      : library_(std::move(library)), hash_(std::move(hash)) {}

  void* Symbol(const char* name) const override {
    if (!library_.has(name)) return nullptr;
    return &library_.get<char>(name);
  }
  const std::string& hash() const override { return hash_; }

 private:
  boost::dll::shared_library library_;
  std::string hash_;
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

std::string ErrnoText() { return std::generic_category().message(errno); }

std::string CannotRead(const std::string& path) {
  if (errno == ENOENT) return "there is no file " + path;
  return path + " cannot be read: " + ErrnoText();
}

bool ReadFile(const std::string& path, std::string& bytes, std::string& why) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    why = CannotRead(path);
    return false;
  }
  if (!S_ISREG(status.st_mode) || status.st_size > kMaxLibraryBytes) {
    why = path + (S_ISDIR(status.st_mode) ? " is a directory, not a plugin" : " is not a file a plugin could be");
    return false;
  }
  bytes.resize(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      why = CannotRead(path);
      return false;
    }
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return true;
}

bool WriteFile(const std::string& path, const std::string& bytes, std::string& why) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  size_t done = 0;
  while (file.get() >= 0 && done < bytes.size()) {
    const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) break;
    done += static_cast<size_t>(put);
  }
  if (file.get() >= 0 && done == bytes.size()) return true;
  why = "the private copy " + path + " cannot be written: " + ErrnoText();
  ::unlink(path.c_str());
  return false;
}

std::unique_ptr<Library> Open(const std::string& path, const std::string& copy, std::string hash, std::string& why) {
  namespace dll = boost::dll;
  // RTLD_NODELETE: closing the handle, here or in a destructor, must never unmap code that a thread may still run.
  const auto mode = static_cast<dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  try {
    return std::make_unique<DllLibrary>(dll::shared_library(std::filesystem::path(copy), mode), std::move(hash));
  } catch (const std::exception& error) {
    why = path + " cannot be loaded: " + ExplainLinkError(error.what(), copy);
    return nullptr;
  }
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return "";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

LibraryStore::LibraryStore() = default;

LibraryStore::~LibraryStore() {
  libraries_.clear();
  if (directory_.empty() || owner_ != ::getpid()) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

const Library* LibraryStore::Load(const std::string& path, std::string& why) {
  std::string bytes;
  if (!ReadFile(path, bytes, why)) return nullptr;
  if (const std::string fault = CheckElf(bytes); !fault.empty()) {
    why = path + " " + fault;
    return nullptr;
  }
  std::string hash = Sha256(bytes);
  if (hash.empty()) {
    why = path + " cannot be loaded: libcrypto offers no SHA-256";
    return nullptr;
  }
  if (const auto found = libraries_.find(hash); found != libraries_.end()) return found->second.get();
  if (libraries_.size() >= most_) {
    why = path + " is not loaded: " + std::to_string(libraries_.size()) +
          " plugin files have been since the start, and each stays in memory; restart, or raise max_generations";
    return nullptr;
  }
  if (!MakeDirectory(why)) return nullptr;
  // The stem is for debuggers and profilers, the hash tells versions apart.
  const std::string copy = directory_ + "/" + std::filesystem::path(path).stem().string() + "-" + hash + ".so";
  if (!std::filesystem::exists(copy) && !WriteFile(copy, bytes, why)) return nullptr;
  auto library = Open(path, copy, hash, why);
  if (!library) return nullptr;
  return libraries_.emplace(std::move(hash), std::move(library)).first->second.get();
}

bool LibraryStore::MakeDirectory(std::string& why) {
  if (!directory_.empty() && std::filesystem::exists(directory_)) return true;
  std::string tried;
  const char* const parents[] = {std::getenv("XDG_RUNTIME_DIR"), std::getenv("TMPDIR"), "/tmp", "/dev/shm"};
  for (const char* parent : parents) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string name = std::string(parent) + "/myelin-" + std::to_string(::getpid()) + "-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) {
      directory_ = name;
      owner_ = ::getpid();
      return true;
    }
    tried += std::string(tried.empty() ? "" : ", ") + parent + " (" + ErrnoText() + ")";
  }
  why = "plugins are loaded from a private copy, and no directory for it can be made in " + tried +
        ": set TMPDIR to a writable directory";
  return false;
}

}  // namespace myelin
