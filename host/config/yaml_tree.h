// SPDX-License-Identifier: Apache-2.0
//
// Builds a Node from yaml-cpp's events: positions, duplicate keys, anchors, merges and the bounds on size.
// Used only by yaml.cc, one builder per document. [control]
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

/// The document cannot be read further. Thrown through the parser, caught in ParseYaml.
struct YamlStop : std::runtime_error {
  YamlStop(Origin where, const std::string& what_is_wrong)
      : std::runtime_error(what_is_wrong), origin(std::move(where)) {}
  Origin origin;
};

class YamlTreeBuilder final : public YAML::EventHandler {
 public:
  YamlTreeBuilder(std::string source, Diagnostics& diagnostics)
      : source_(std::move(source)), diagnostics_(diagnostics) {}

  /// The finished document.
  Node TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { Close(); }

 private:
  // A list or map that is still open.
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool key_is_merge = false;
    std::string key;
    Origin key_origin;
    std::unordered_map<std::string, Origin> seen;
    std::vector<Node> merges;
  };

  struct Anchored {
    Node node;
    size_t count = 0;
    size_t depth = 0;
  };

  Origin At(const YAML::Mark& mark) const;
  void CheckTag(const YAML::Mark& mark, const std::string& tag) const;
  void Count(size_t nodes, const Origin& origin);
  void Open(Node node, YAML::anchor_t anchor);
  void Close();
  void Remember(YAML::anchor_t anchor, const Node& node);
  void Add(Node node, bool is_merge_key);
  void AddKey(Frame& frame, const Node& key, bool is_merge_key);
  void AddValue(Frame& frame, Node value);
  void ApplyMerges(Frame& frame);
  void MergeOne(Frame& frame, Node& map);

  std::string source_;
  Diagnostics& diagnostics_;
  Node root_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t count_ = 0;
};

}  // namespace myelin
