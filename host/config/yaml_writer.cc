// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "config/writer.h"

namespace myelin {
namespace {

constexpr size_t kCommentColumn = 44;

bool IsNullWord(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords{"null", "Null", "NULL", "~"};
  return text.empty() || std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

// Whether YAML reads the bare text back as this very scalar, in block style.
bool IsPlain(std::string_view text) {
  if (IsNullWord(text) || text == "<<" || text.starts_with("---") || text.starts_with("...")) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  constexpr std::string_view kIndicators = ",[]{}#&*!|>'\"%@`";
  if (kIndicators.find(text.front()) != std::string_view::npos) return false;
  const bool opens_structure = text.front() == '-' || text.front() == '?' || text.front() == ':';
  if (opens_structure && (text.size() == 1 || text[1] == ' ')) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string InQuotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class BlockWriter {
 public:
  explicit BlockWriter(OriginComments comments) : comments_(comments) {}

  std::string Write(const Node& node) {
    if (IsLeaf(node)) {
      WriteLeaf(node);
    } else {
      WriteBlock(node, 0);
    }
    return std::move(out_);
  }

 private:
  static bool IsLeaf(const Node& node) {
    if (node.IsList()) return node.items.empty();
    if (node.IsMap()) return node.entries.empty();
    return true;
  }

  void WriteLeaf(const Node& node) {
    if (node.IsNull()) out_ += "null";
    if (node.IsList()) out_ += "[]";
    if (node.IsMap()) out_ += "{}";
    if (node.IsScalar()) out_ += !node.quoted && IsPlain(node.scalar) ? node.scalar : InQuotes(node.scalar);
    const std::string origin = node.origin.ToString();
    if (comments_ == OriginComments::kYes && !origin.empty()) {
      const size_t column = out_.size() - line_start_;
      out_.append(column < kCommentColumn ? kCommentColumn - column : 2, ' ');
      // A source is the user's text: one that breaks the line would write configuration of its own.
      for (const char c : "# " + origin) out_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    EndLine();
  }

  void EndLine() {
    out_ += '\n';
    line_start_ = out_.size();
  }

  // The cursor stands where the block's first line begins, already indented.
  void WriteBlock(const Node& node, size_t indent) {
    bool first = true;
    auto begin_line = [&] {
      if (!first) out_.append(indent, ' ');
      first = false;
    };
    for (const Node& item : node.items) {
      begin_line();
      out_ += "- ";
      WriteItem(item, indent + 2);
    }
    for (const Entry& entry : node.entries) {
      begin_line();
      out_ += IsPlain(entry.key) ? entry.key : InQuotes(entry.key);
      out_ += ':';
      WriteValue(entry.value, indent);
    }
  }

  void WriteValue(const Node& value, size_t indent) {
    if (IsLeaf(value)) {
      out_ += ' ';
      WriteLeaf(value);
      return;
    }
    EndLine();
    out_.append(indent + 2, ' ');
    WriteBlock(value, indent + 2);
  }

  void WriteItem(const Node& item, size_t indent) {
    if (IsLeaf(item)) {
      WriteLeaf(item);
    } else {
      WriteBlock(item, indent);
    }
  }

  OriginComments comments_;
  std::string out_;
  size_t line_start_ = 0;
};

}  // namespace

std::string WriteYaml(const Node& node, OriginComments comments) { return BlockWriter(comments).Write(node); }

}  // namespace myelin
