// SPDX-License-Identifier: Apache-2.0
//
// Finds policies by name or path among the plugins on disk. One per process, owned by main, used on the control
// thread only; the PolicyHandles it answers live as long as it does and may be read by any thread.
//
// A file is read again at every look-up, so a plugin that was overwritten since is found in its new version, while
// handles of the old one stay valid.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "plugin/library.h"
#include "plugin/plugin.h"

namespace myelin {

class Catalog {
 public:
  /// Directories in the order in which they are searched.
  explicit Catalog(std::vector<std::string> dirs);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// The built-in directories of a binary at `binary`: `../plugins`, `../lib/myelin/plugins` and its multiarch sibling.
  /// With "" for this process's own binary.
  static std::vector<std::string> BuiltInDirs(const std::string& binary = "");

  /// Searches other directories from now on.
  void SetDirs(std::vector<std::string> dirs);
  const std::vector<std::string>& dirs() const { return dirs_; }
  /// Loads no more than so many different files from now on.
  void SetMaxFiles(size_t most) { libraries_.SetMax(most); }

  /// `name` is a policy's name, a path to a .so (it has a '/') that holds one policy of the kind, or `path.so:policy`.
  /// nullptr and an error at `origin` on failure; the message says what there is instead. With `hash` only the file
  /// with that content will do; one that was loaded before is found whatever has become of it on disk.
  const PolicyHandle* Find(PolicyKind kind, const std::string& name, const Origin& origin, Diagnostics& diagnostics,
                           const std::string& hash = {});

  /// Loads the plugin in one file. nullptr on failure, and `why` has the sentence.
  const Plugin* Load(const std::string& path, std::string& why);

  struct Listing {
    std::string file;
    const Plugin* plugin;  // nullptr: it cannot be used
    std::string why;       // the sentence, if so
  };
  /// Every myelin_*.so of the directories, by directory and name.
  std::vector<Listing> List();

  /// All policies of that name, of whatever kind, for `myelin plugins describe`; a path answers those in the file.
  /// Empty with an error at `origin` when there is none.
  std::vector<const PolicyHandle*> Describe(const std::string& name, const Origin& origin, Diagnostics& diagnostics);

 private:
  const PolicyHandle* FindLoaded(PolicyKind kind, const std::string& name, const std::string& hash) const;
  const PolicyHandle* FindInFile(PolicyKind kind, const std::string& path_and_policy, const Origin& origin,
                                 Diagnostics& diagnostics);
  const PolicyHandle* FindByName(PolicyKind kind, const std::string& name, const Origin& origin,
                                 Diagnostics& diagnostics);

  std::vector<std::string> dirs_;
  LibraryStore libraries_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Plugin>> plugins_;  // by file and hash
};

}  // namespace myelin
