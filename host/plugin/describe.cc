// SPDX-License-Identifier: Apache-2.0
#include "plugin/describe.h"

#include <string_view>

#include "plugin/text_table.h"
#include "plugin/value.h"

namespace myelin {
namespace {

std::string TypeText(const myelin_option& row) {
  std::string type(OptionTypeName(row.type));
  if (row.type == MYELIN_OPTION_CHOICE) {
    type.clear();
    for (const std::string_view word : ChoicesOf(row)) type += (type.empty() ? "" : " | ") + std::string(word);
  }
  return IsList(row) ? "list of " + type : type;
}

std::string DefaultText(const myelin_option& row) {
  if (IsRequired(row)) return "required";
  return row.default_value != nullptr ? "default " + std::string(row.default_value) : "no default";
}

// A value that a reader may take as a model: the default, or one that the range allows.
std::string Sample(const myelin_option& row) {
  if (row.default_value != nullptr) return row.default_value;
  if (row.type == MYELIN_OPTION_CHOICE) return std::string(ChoicesOf(row).front());
  if (row.minimum != nullptr && *row.minimum != '0') return row.minimum;
  switch (row.type) {
    case MYELIN_OPTION_BOOL:
      return "true";
    case MYELIN_OPTION_DURATION:
      return "10s";
    case MYELIN_OPTION_SIZE:
      return "64KiB";
    case MYELIN_OPTION_INTEGER:
    case MYELIN_OPTION_NUMBER:
      return row.maximum != nullptr ? row.maximum : "10";
    default:
      return "\"…\"";
  }
}

std::string SampleLines(const OptionTable& table, const std::string& indent);

// "name: value", for lists and maps over as many lines as it takes. An option without a default stands as a comment.
std::string SampleLine(const myelin_option& row, const std::string& indent) {
  const bool shown = IsRequired(row) || row.default_value != nullptr;
  const std::string key = indent + (shown ? "" : "# ") + row.name + ":";
  const OptionTable fields = FieldsOf(row);
  if (!shown) return key + (fields.empty() ? " " + Sample(row) : " {…}") + "\n";
  if (row.type == MYELIN_OPTION_MAP && !fields.empty()) {
    std::string inner = SampleLines(fields, indent + (IsList(row) ? "    " : "  "));
    if (IsList(row)) inner[indent.size() + 2] = '-';
    return key + "\n" + inner;
  }
  const std::string value = row.type == MYELIN_OPTION_MAP ? "{}" : Sample(row);
  const bool brackets = IsList(row) && !value.starts_with('[');
  return key + (brackets ? " [" + value + "]" : " " + value) + "\n";
}

std::string SampleLines(const OptionTable& table, const std::string& indent) {
  std::string lines;
  for (uint32_t i = 0; i < table.size(); ++i) lines += SampleLine(table[i], indent);
  return lines;
}

bool HasRequired(const OptionTable& table) {
  for (uint32_t i = 0; i < table.size(); ++i) {
    if (IsRequired(table[i])) return true;
  }
  return false;
}

std::string Example(const PolicyHandle& policy) {
  const bool listed = policy.kind == PolicyKind::kLimiter;
  const std::string key = listed ? "limiters" : std::string(PolicyKindName(policy.kind));
  std::string text;
  if (!HasRequired(policy.options)) text += "  " + key + ": " + (listed ? "[" + policy.name + "]" : policy.name) + "\n";
  if (policy.options.empty()) return text;
  if (!text.empty()) text += "\nor, with its options:\n\n";
  text += "  " + key + ":\n    " + (listed ? "- " : "") + policy.name + ":\n";
  return text + SampleLines(policy.options, listed ? "        " : "      ");
}

std::string OptionLines(const OptionTable& table, const std::string& prefix) {
  std::string text;
  for (uint32_t i = 0; i < table.size(); ++i) {
    const myelin_option& row = table[i];
    const std::string range = RangeText(row);
    text += "  " + prefix + row.name + ": " + TypeText(row) + ", " + DefaultText(row) +
            (range.empty() ? "" : ", " + range) + "\n";
    if (row.doc != nullptr) text += Wrap(row.doc, "      ");
    text += OptionLines(FieldsOf(row), prefix + row.name + (IsList(row) ? "[]." : "."));
  }
  return text;
}

}  // namespace

std::string PluginListText(const std::vector<Catalog::Listing>& listings) {
  std::vector<std::vector<std::string>> rows{{"KIND", "NAME", "VERSION", "VENDOR", "FILE", "WHAT IT DOES"}};
  std::string unusable;
  for (const Catalog::Listing& listing : listings) {
    if (listing.plugin == nullptr) {
      unusable += "  " + listing.why + "\n";
      continue;
    }
    for (const auto& policy : listing.plugin->policies) {
      rows.push_back({std::string(PolicyKindName(policy->kind)), policy->name, listing.plugin->version,
                      listing.plugin->vendor, listing.file, policy->doc});
    }
    for (const std::string& warning : listing.plugin->warnings) unusable += "  " + warning + "\n";
  }
  if (listings.empty()) return "no plugins: there is no myelin_*.so in the plugin directories\n";
  return AlignColumns(rows) + (unusable.empty() ? "" : "\nNot usable:\n" + unusable);
}

std::string DescribeText(const PolicyHandle& policy) {
  std::string text = policy.name + ", a " + std::string(PolicyKindName(policy.kind)) + " of plugin " +
                     policy.plugin_name + " " + policy.plugin_version + " (" + policy.file + ")\n";
  if (!policy.doc.empty()) text += "\n" + Wrap(policy.doc, "");
  text += "\nIn a configuration:\n\n" + Example(policy);
  if (policy.options.empty()) return text + "\nIt takes no options.\n";
  return text + "\nOptions:\n\n" + OptionLines(policy.options, "");
}

}  // namespace myelin
