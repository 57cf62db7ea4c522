// SPDX-License-Identifier: Apache-2.0
#include "config/set_path.h"

#include <optional>
#include <utility>
#include <vector>

#include "config/policy_text.h"
#include "config/reader.h"
#include "config/yaml.h"

namespace myelin {
namespace {

// Walks one path through the tree, making maps on its way.
class PathWalk {
 public:
  PathWalk(std::string_view path, Diagnostics& diagnostics)
      : rest_(path), origin_{"--set " + std::string(path), 0, 0}, diagnostics_(diagnostics) {}

  const Origin& origin() const { return origin_; }

  // The place the path names, or nullptr after an error.
  Node* Walk(Node& root) {
    Node* at = &root;
    size_t steps = 0;
    while (at != nullptr && !rest_.empty()) {
      if (++steps > kMaxYamlDepth) return Fail("has too many steps");
      at = Step(*at);
    }
    return at;
  }

 private:
  Node* Fail(const std::string& problem) {
    diagnostics_.Error(origin_, "the path " + problem +
                                    "; accepted: steps such as log.level, proxies.NAME.pool or "
                                    "proxies[0].listen");
    return nullptr;
  }

  Node* Step(Node& at) {
    if (rest_.front() == '[') return IndexStep(at);
    if (at.IsList()) return NameStep(at);
    const std::string key(rest_.substr(0, rest_.find_first_of(".[")));
    if (key.empty()) return Fail("has an empty step");
    rest_.remove_prefix(key.size());
    if (!SkipDot()) return nullptr;
    // A policy in its short form: `pool: loose` has room for options once it is a map.
    if (at.IsScalar() && at.scalar == key) {
      at = Node::Map(at.origin);
      at.Set(key, Node::Map(at.origin));
    }
    if (!at.IsMap() && !at.IsNull()) return Fail("goes through a single value at " + Quoted(key));
    if (Node* found = at.Find(key)) return found;
    Node made;
    made.origin = origin_;
    if (at.IsNull()) at.origin = origin_;
    return &at.Set(key, std::move(made));
  }

  Node* IndexStep(Node& at) {
    const size_t close = rest_.find(']');
    const std::optional<int64_t> index =
        ParseWhole(rest_.substr(1, close == std::string_view::npos ? close : close - 1));
    if (close == std::string_view::npos || !index) return Fail("has an index that is no number");
    rest_.remove_prefix(close + 1);
    if (!SkipDot()) return nullptr;
    if (at.IsNull()) at = Node::List(origin_);
    if (!at.IsList()) return Fail("has an index where there is no list");
    if (*index < 0 || static_cast<uint64_t>(*index) > at.items.size()) {
      return Fail("has the index " + std::to_string(*index) + " in a list of " + std::to_string(at.items.size()));
    }
    const auto position = static_cast<size_t>(*index);
    if (position == at.items.size()) {
      at.items.emplace_back();
      at.items.back().origin = origin_;
    }
    return &at.items[position];
  }

  // A name may have dots in it, so the names are matched against the path and not the other way round.
  Node* NameStep(Node& list) {
    std::vector<std::string_view> names;
    for (Node& item : list.items) {
      const Node* name = item.Find("name");
      if (name == nullptr || !name->IsScalar() || name->scalar.empty()) continue;
      names.push_back(name->scalar);
      if (!rest_.starts_with(name->scalar)) continue;
      const std::string_view after = rest_.substr(name->scalar.size());
      if (!after.empty() && after.front() != '.' && after.front() != '[') continue;
      rest_ = after;
      return SkipDot() ? &item : nullptr;
    }
    const std::string_view step = rest_.substr(0, rest_.find_first_of(".["));
    const std::string accepted = names.empty() ? "an index, as [0]" : OneOf(names);
    diagnostics_.Error(origin_,
                       "nothing here is named " + Quoted(step) + "; accepted: " + accepted + DidYouMean(step, names));
    return nullptr;
  }

  // Between two steps; a path must not end in a dot.
  bool SkipDot() {
    if (rest_.empty() || rest_.front() == '[') return true;
    if (rest_.front() != '.') {
      Fail("lacks a '.' before " + Quoted(rest_));
      return false;
    }
    rest_.remove_prefix(1);
    if (rest_.empty()) Fail("ends in a '.'");
    return !rest_.empty();
  }

  std::string_view rest_;
  Origin origin_;
  Diagnostics& diagnostics_;
};

}  // namespace

void ApplySet(std::string_view text, Node& root, Diagnostics& diagnostics) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    diagnostics.Error(Origin{"--set", 0, 0}, Quoted(text) + " sets nothing; accepted: KEY=VALUE, as log.level=debug");
    return;
  }
  PathWalk walk(text.substr(0, equals), diagnostics);
  std::optional<Node> value = ParseYaml(text.substr(equals + 1), walk.origin().source, diagnostics);
  if (!value) return;
  SetOrigin(*value, walk.origin());
  if (Node* place = walk.Walk(root)) *place = std::move(*value);
}

}  // namespace myelin
