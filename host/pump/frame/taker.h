// SPDX-License-Identifier: Apache-2.0
//
// Somebody whom bytes wait for: a client, over all its streams. Says how fast they are taken, so that a full worker can
// tell who keeps it full. Belongs to a worker.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <utility>

namespace myelin::frame {

struct TakerTag;
using TakerHook = boost::intrusive::list_base_hook<boost::intrusive::tag<TakerTag>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Taker : public TakerHook {
 public:
  /// Bytes that wait for it.
  virtual size_t Waiting() const = 0;
  /// Bytes that it has taken since the last time this was asked.
  size_t TakenSince() { return std::exchange(taken_, 0); }
  /// Ends it, for its bytes keep others waiting.
  virtual void CutForHoarding() = 0;

 protected:
  ~Taker() = default;
  size_t taken_ = 0;
};

using TakerList =
    boost::intrusive::list<Taker, boost::intrusive::base_hook<TakerHook>, boost::intrusive::constant_time_size<false>>;

}  // namespace myelin::frame
