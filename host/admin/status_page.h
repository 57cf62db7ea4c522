// SPDX-License-Identifier: Apache-2.0
//
// The page at `/`: a table of proxies and endpoints that refreshes itself from /stats. Any thread.
#pragma once

#include <string_view>

namespace myelin {

/// A whole HTML document without outside assets. It builds the table from text nodes only, so no name can be markup.
std::string_view StatusPage();

}  // namespace myelin
