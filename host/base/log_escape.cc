// SPDX-License-Identifier: Apache-2.0
//
// One UTF-8 decoder and the three ways of printing what it finds.
#include "base/log_escape.h"

#include <algorithm>
#include <cstdint>

namespace myelin {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHexDigits = "0123456789abcdef";

struct Decoded {
  char32_t code_point;
  size_t size;  // bytes taken; 1 when invalid
  bool valid;
};

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// The first character of `text`, which is not empty. RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
Decoded Decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = SequenceLength(lead);
  if (size == 1) return {lead, 1, true};
  if (size == 0 || text.size() < size) return {0, 1, false};
  char32_t code_point = lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0u) != 0x80u) return {0, 1, false};
    code_point = (code_point << 6) | (byte & 0x3Fu);
  }
  const bool overlong = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (overlong || surrogate || code_point > 0x10FFFF) return {0, 1, false};
  return {code_point, size, true};
}

/// C0 and C1 controls, line and paragraph separators, and the overrides that make a line read backwards.
bool IsUnsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void AppendHex(std::string& out, uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHexDigits[(value >> shift) & 0xFu];
}

void AppendEscape(std::string& out, char32_t c) {
  if (c == '\n' || c == '\r' || c == '\t') {
    out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    return;
  }
  out += "\\u";
  AppendHex(out, static_cast<uint32_t>(c), 4);
}

void AppendText(std::string& out, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const Decoded next = Decode(text);
    if (!next.valid) {
      out += "\\x";
      AppendHex(out, static_cast<unsigned char>(text[0]), 2);
    } else if (IsUnsafe(next.code_point)) {
      AppendEscape(out, next.code_point);
    } else {
      if (quoted && (text[0] == '"' || text[0] == '\\')) out += '\\';
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
}

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '"' && c != '=' && c != '\\';
  });
}

}  // namespace

void AppendPrintable(std::string& out, std::string_view text) { AppendText(out, text, false); }

void AppendTextValue(std::string& out, std::string_view text) {
  if (IsPlainWord(text)) {
    out += text;
    return;
  }
  out += '"';
  AppendText(out, text, true);
  out += '"';
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Decoded next = Decode(text);
    if (!next.valid) {
      out += kReplacement;
    } else if (IsUnsafe(next.code_point)) {
      AppendEscape(out, next.code_point);
    } else {
      if (text[0] == '"' || text[0] == '\\') out += '\\';
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  out += '"';
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = Decode(text);
    out += next.valid ? text.substr(0, next.size) : kReplacement;
    text.remove_prefix(next.size);
  }
  return out;
}

std::string_view Utf8Prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  // A character has at most three continuation bytes; more of them are no UTF-8 and may be split anywhere.
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u; ++i) --end;
  return text.substr(0, end);
}

}  // namespace myelin
