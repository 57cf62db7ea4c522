// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/yaml.h"

namespace myelin {
namespace {

struct Extent {
  size_t count = 1;
  size_t depth = 1;
};

// The tree is at most kMaxYamlDepth deep, so recursion is bounded.
Extent Measure(const Node& node) {
  Extent extent;
  auto include = [&extent](const Node& child) {
    const Extent inner = Measure(child);
    extent.count += inner.count;
    extent.depth = std::max(extent.depth, inner.depth + 1);
  };
  for (const Node& item : node.items) include(item);
  for (const Entry& entry : node.entries) include(entry.value);
  return extent;
}

}  // namespace

Origin YamlTreeBuilder::At(const YAML::Mark& mark) const { return Origin{source_, mark.line + 1, mark.column + 1}; }

void YamlTreeBuilder::OnDocumentStart(const YAML::Mark&) {}

void YamlTreeBuilder::CheckTag(const YAML::Mark& mark, const std::string& tag) const {
  if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
  throw YamlStop(At(mark), "tag " + Quoted(tag) + " has no meaning here; accepted: values without a tag");
}

void YamlTreeBuilder::Count(size_t nodes, const Origin& origin) {
  count_ += nodes;
  if (count_ <= kMaxYamlNodes) return;
  throw YamlStop(origin, "the document has more than " + std::to_string(kMaxYamlNodes) +
                             " values, aliases counted in full; accepted: fewer");
}

void YamlTreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Node node;
  node.origin = At(mark);
  Count(1, node.origin);
  // An absent value is where its key is; yaml-cpp says where the next token is.
  if (!open_.empty() && open_.back().has_key && node.origin.line != open_.back().key_origin.line) {
    node.origin = open_.back().key_origin;
  }
  Remember(anchor, node);
  Add(std::move(node), false);
}

void YamlTreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                               const std::string& value) {
  CheckTag(mark, tag);
  Node node = Node::Scalar(value, At(mark));
  node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
  Count(1, node.origin);
  Remember(anchor, node);
  const bool is_merge_key = !node.quoted && value == "<<";
  Add(std::move(node), is_merge_key);
}

void YamlTreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw YamlStop(At(mark), "the alias is inside of the value that it stands for");
  Count(found->second.count, At(mark));
  if (open_.size() + found->second.depth > kMaxYamlDepth) throw YamlStop(At(mark), "aliases nest too deep");
  Add(found->second.node, false);
}

void YamlTreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                      YAML::EmitterStyle::value) {
  CheckTag(mark, tag);
  Open(Node::List(At(mark)), anchor);
}

void YamlTreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                 YAML::EmitterStyle::value) {
  CheckTag(mark, tag);
  Open(Node::Map(At(mark)), anchor);
}

void YamlTreeBuilder::Open(Node node, YAML::anchor_t anchor) {
  Count(1, node.origin);
  if (open_.size() >= kMaxYamlDepth) {
    throw YamlStop(node.origin, "values nest deeper than " + std::to_string(kMaxYamlDepth) + " levels");
  }
  Frame frame;
  frame.node = std::move(node);
  frame.anchor = anchor;
  open_.push_back(std::move(frame));
}

void YamlTreeBuilder::Close() {
  Frame frame = std::move(open_.back());
  open_.pop_back();
  ApplyMerges(frame);
  Remember(frame.anchor, frame.node);
  Add(std::move(frame.node), false);
}

// The copy an anchor keeps counts too, or nested anchors would hold the document many times over.
void YamlTreeBuilder::Remember(YAML::anchor_t anchor, const Node& node) {
  if (anchor == 0) return;
  const Extent extent = Measure(node);
  Count(extent.count, node.origin);
  anchors_[anchor] = Anchored{node, extent.count, extent.depth};
}

void YamlTreeBuilder::Add(Node node, bool is_merge_key) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = open_.back();
  if (frame.node.IsList()) {
    frame.node.items.push_back(std::move(node));
  } else if (!frame.has_key) {
    AddKey(frame, node, is_merge_key);
  } else {
    AddValue(frame, std::move(node));
  }
}

void YamlTreeBuilder::AddKey(Frame& frame, const Node& key, bool is_merge_key) {
  if (!key.IsScalar()) throw YamlStop(key.origin, "a key must be a word; accepted: `key: value`");
  frame.has_key = true;
  frame.key = key.scalar;
  frame.key_origin = key.origin;
  frame.key_is_merge = is_merge_key;
}

void YamlTreeBuilder::AddValue(Frame& frame, Node value) {
  frame.has_key = false;
  if (frame.key_is_merge) {
    frame.merges.push_back(std::move(value));
    return;
  }
  const auto [first, is_new] = frame.seen.emplace(frame.key, frame.key_origin);
  if (!is_new) {
    diagnostics_.Error(frame.key_origin, "key " + Quoted(frame.key) + " is given twice, first at " +
                                             first->second.ToString() + "; accepted: once");
    return;
  }
  frame.node.entries.push_back(Entry{std::move(frame.key), std::move(frame.key_origin), std::move(value)});
}

// https://yaml.org/type/merge.html: a key of the map itself wins, then the map named first.
void YamlTreeBuilder::ApplyMerges(Frame& frame) {
  for (Node& merge : frame.merges) {
    if (merge.IsMap()) {
      MergeOne(frame, merge);
      continue;
    }
    const bool all_maps = std::all_of(merge.items.begin(), merge.items.end(), [](const Node& n) { return n.IsMap(); });
    if (!merge.IsList() || !all_maps) {
      diagnostics_.Error(merge.origin, "'<<' merges maps; accepted: an alias of a map or a list of such aliases");
      continue;
    }
    for (Node& map : merge.items) MergeOne(frame, map);
  }
}

void YamlTreeBuilder::MergeOne(Frame& frame, Node& map) {
  for (Entry& entry : map.entries) {
    if (!frame.seen.emplace(entry.key, entry.key_origin).second) continue;
    frame.node.entries.push_back(std::move(entry));
  }
}

}  // namespace myelin
