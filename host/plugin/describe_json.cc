// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "plugin/describe.h"

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

// Plugins' texts are not promised to be UTF-8.
std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json TextOrNull(const char* text) { return text != nullptr ? Json(text) : Json(); }

Json OptionsJson(const OptionTable& table) {
  Json options = Json::array();
  for (uint32_t i = 0; i < table.size(); ++i) {
    const myelin_option& row = table[i];
    Json option{{"name", row.name},
                {"type", OptionTypeName(row.type)},
                {"list", IsList(row)},
                {"required", IsRequired(row)},
                {"default", TextOrNull(row.default_value)},
                {"minimum", TextOrNull(row.minimum)},
                {"maximum", TextOrNull(row.maximum)},
                {"doc", TextOrNull(row.doc)}};
    if (row.type == MYELIN_OPTION_CHOICE) option["choices"] = ChoicesOf(row);
    if (row.type == MYELIN_OPTION_MAP) option["fields"] = OptionsJson(FieldsOf(row));
    options.push_back(std::move(option));
  }
  return options;
}

Json PolicyJson(const PolicyHandle& policy) {
  return {{"kind", PolicyKindName(policy.kind)}, {"name", policy.name}, {"version", policy.plugin_version},
          {"plugin", policy.plugin_name},        {"file", policy.file}, {"doc", policy.doc}};
}

}  // namespace

std::string PluginListJson(const std::vector<Catalog::Listing>& listings) {
  Json policies = Json::array();
  Json unusable = Json::array();
  for (const Catalog::Listing& listing : listings) {
    if (listing.plugin == nullptr) {
      unusable.push_back({{"file", listing.file}, {"why", listing.why}});
      continue;
    }
    for (const auto& policy : listing.plugin->policies) {
      policies.push_back(PolicyJson(*policy));
      policies.back()["vendor"] = listing.plugin->vendor;
    }
    for (const std::string& why : listing.plugin->warnings) unusable.push_back({{"file", listing.file}, {"why", why}});
  }
  return Dump({{"policies", policies}, {"unusable", unusable}});
}

std::string DescribeJson(const std::vector<const PolicyHandle*>& policies) {
  Json all = Json::array();
  for (const PolicyHandle* policy : policies) {
    Json json = PolicyJson(*policy);
    json["options"] = OptionsJson(policy->options);
    all.push_back(std::move(json));
  }
  return Dump(all);
}

}  // namespace myelin
