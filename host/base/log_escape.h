// SPDX-License-Identifier: Apache-2.0
//
// Makes text from the network safe to print: nothing a peer sends can end a log line, forge a field, steer a
// terminal, or make a metrics page or JSON document invalid. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace myelin {

/// Appends `text` for a line that people read. Controls, bidirectional overrides and bytes that are no UTF-8 become
/// `\n`, `\u0085`, `\xff`; everything else stays.
void AppendPrintable(std::string& out, std::string_view text);

/// Appends `text` as the value of `key=value`: as it is when it is one plain word, in quotes otherwise, with `"` and
/// `\` escaped.
void AppendTextValue(std::string& out, std::string_view text);

/// Appends `text` as a JSON string, quotes included. What is no UTF-8 becomes U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

/// `text` with everything that is no UTF-8 replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

/// The longest prefix of `text` of at most `max_bytes` that splits no character.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace myelin
