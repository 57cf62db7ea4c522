// SPDX-License-Identifier: Apache-2.0
//
// How nghttp2 is set up, the same for all sessions of a worker: what it tells us, what it leaves to us, and the limits
// of its own that ours stand in for. Belongs to a worker.
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/limits.h"

namespace myelin::frame {

class Protocol {
 public:
  explicit Protocol(const HostLimits& limits);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  const nghttp2_session_callbacks* callbacks() const { return callbacks_; }
  const nghttp2_option* options() const { return options_; }

 private:
  nghttp2_session_callbacks* callbacks_ = nullptr;
  nghttp2_option* options_ = nullptr;
};

class StreamSource;

/// What nghttp2 takes a stream's data from.
nghttp2_data_provider ProviderOf(StreamSource& source);

}  // namespace myelin::frame
