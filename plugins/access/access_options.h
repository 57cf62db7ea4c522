// SPDX-License-Identifier: Apache-2.0
//
// From the user's options to an Access: the option table, and the reader that compiles rules and reads the key file.
// Errors carry the place of the value that is wrong. [control]
#pragma once

#include <myelin/cpp/host.hpp>
#include <myelin/cpp/options.hpp>

#include "access/access.h"

namespace myelin::access {

constexpr myelin_option kRuleFields[] = {
    sdk::Required(sdk::Choice("action", nullptr, "allow|deny", "What happens to a call that the rule matches.")),
    sdk::List(sdk::Text("method", nullptr, "Paths such as /shop.v1.Cart/Get; * and ? are wildcards.")),
    sdk::List(sdk::Text("service", nullptr, "Services such as shop.v1.Cart; * and ? are wildcards.")),
    sdk::Map("metadata",
             "Metadata keys and the values they must have; * and ? are wildcards. Of several values of a key, an allow "
             "rule wants all to match, a deny rule one."),
    sdk::List(sdk::Text("peer", nullptr, "Address blocks such as 10.0.0.0/8 or 2001:db8::/32, or addresses.")),
    sdk::List(sdk::Text("key", nullptr, "Names of API keys, one of which must be the caller's.")),
};

constexpr myelin_option kOptions[] = {
    sdk::Text(
        "api_keys_file", nullptr,
        "A file with NAME KEY or KEY a line; # begins a comment line. Given, each call must carry one of the keys."),
    sdk::Text("api_key_header", "x-api-key",
              "The metadata key in which callers send their API key; with authorization they send Bearer KEY."),
    sdk::Choice("default", "deny", "allow|deny", "What happens to a call that no rule matches."),
    sdk::List(sdk::Map("rules", kRuleFields, "In order; the first that matches decides.")),
};

/// Reads and compiles `options`; asks `host` for the metadata keys it needs and warns it of what looks unintended.
/// Throws std::invalid_argument with a sentence.
Access ReadAccess(const sdk::Host& host, const sdk::Options& options);

}  // namespace myelin::access
