// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of a proxy as configured, and the addresses that their names stand for now. Looks names up at the start
// and again and again; a lookup that fails changes nothing, and a name that has never been found is tried until it is.
// Owned by the proxy; control thread, but for Missing.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/control_thread.h"
#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "upstream/endpoint.h"
#include "upstream/resolver.h"

namespace myelin {

class EndpointNames {
 public:
  struct Environment {
    Resolver& resolver;
    ControlThread& control;
    Logger& log;
    std::string proxy;    // for the log
    Duration refresh{};   // zero: what has been found once is not looked up again
    Duration patience{};  // the longest that Await waits
  };
  /// `changed` is told when addresses have changed, but not from within Begin or Await.
  EndpointNames(const Environment& environment, std::function<void()> changed);
  ~EndpointNames();
  EndpointNames(const EndpointNames&) = delete;
  EndpointNames& operator=(const EndpointNames&) = delete;

  /// From now on these are the endpoints. Starts looking up the names that are new.
  void Begin(std::vector<EndpointConfig> endpoints);
  /// Forgets names that Begin has left out; until then it can be taken back.
  void DropUnused();
  /// Waits until every name has been looked up once, or its patience is over.
  void Await();

  /// What is found from now on is looked up again after so long.
  void SetRefresh(Duration refresh) { environment_.refresh = refresh; }

  const std::vector<EndpointConfig>& configured() const { return endpoints_; }
  /// An endpoint for each address, with its share of the weight; none for a name that has not been found.
  std::vector<Endpoint::Spec> Specs() const;

  struct Missing {
    std::string name;
    uint32_t weight;
    std::string why;
  };
  /// [any] The names that have not been found.
  std::vector<Missing> Unfound() const;

 private:
  struct Name {
    std::vector<std::string> addresses;         // the last that were found
    std::string why = "it is being looked up";  // why the last lookup failed; empty when it did not
    bool answered = false;
    uint32_t failures = 0;  // in a row
    uint64_t timer = 0;
  };
  struct Answered {
    std::string name;
    std::vector<std::string> addresses;
    std::string why;
  };
  // Where answers wait for the control thread. Shared with the resolver's threads.
  struct Inbox {
    std::mutex mutex;
    std::condition_variable arrived;
    std::vector<Answered> answers;
  };

  void LookUp(const std::string& name);
  bool TakeAnswers();
  bool Take(const Answered& answered);
  void Report(const std::string& text, Name& name, const Answered& answered);
  void LookUpLater(const std::string& text, Name& name);
  bool AllAnswered() const;

  Environment environment_;
  const std::function<void()> changed_;
  Random random_;
  mutable std::mutex mutex_;  // for what Unfound reads; written on the control thread only
  std::vector<EndpointConfig> endpoints_;
  std::map<std::string, Name> names_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted to the control thread
};

}  // namespace myelin
