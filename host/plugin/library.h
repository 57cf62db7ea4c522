// SPDX-License-Identifier: Apache-2.0
//
// Loads shared objects through private copies, so that overwriting a deployed .so cannot touch running code, and the
// same bytes are loaded once. Libraries are never unloaded (thread-local destructors, unique symbols).
// Owned by the Catalog; control thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace myelin {

/// A shared object in this process. It stays mapped after this object has gone.
class Library {
 public:
  virtual ~Library() = default;
  /// The address of an exported symbol, or nullptr.
  virtual void* Symbol(const char* name) const = 0;
  /// SHA-256 of its bytes, hexadecimal.
  virtual const std::string& hash() const = 0;
};

class LibraryStore {
 public:
  LibraryStore();
  ~LibraryStore();
  LibraryStore(const LibraryStore&) = delete;
  LibraryStore& operator=(const LibraryStore&) = delete;

  /// Loads the .so at `path`, unless the same bytes are loaded already. nullptr on failure, and `why` says in a
  /// sentence that begins with the path what is wrong and what to do. Borrowed from the store.
  const Library* Load(const std::string& path, std::string& why);

  /// No more than so many are loaded from now on, for each stays.
  void SetMax(size_t most) { most_ = most; }

 private:
  bool MakeDirectory(std::string& why);

  std::string directory_;  // private, mode 0700, removed with the store; empty until needed
  size_t most_ = SIZE_MAX;
  pid_t owner_ = 0;  // the process that made it; a forked child must not remove it
  std::map<std::string, std::unique_ptr<Library>, std::less<>> libraries_;  // by hash
};

/// Why `bytes` cannot be a shared object for this machine, or "". Looks at the ELF header and whether the file is
/// whole.
std::string CheckElf(std::string_view bytes);

/// SHA-256 in hexadecimal; "" when libcrypto refuses.
std::string Sha256(std::string_view bytes);

}  // namespace myelin
