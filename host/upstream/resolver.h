// SPDX-License-Identifier: Apache-2.0
//
// Looks names up away from the caller's thread, for getaddrinfo blocks. A few threads, started when there is something
// to do. Owned by the generation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace myelin {

class Resolver {
 public:
  /// The addresses as host:port or [v6]:port, without doubles and in a fixed order; none, and why.
  using Answer = std::function<void(std::vector<std::string> addresses, const std::string& why)>;

  virtual ~Resolver() = default;
  /// [any] Looks up the host of `name`, a host:port. `answer` is called once, on any thread, unless the resolver ends
  /// before.
  virtual void LookUp(const std::string& name, Answer answer) = 0;
};

/// As the machine is set up: hosts file, DNS, what else nsswitch.conf names.
class SystemResolver final : public Resolver {
 public:
  SystemResolver();
  /// Waits for no lookup that is under way, as one can take very long; no answer comes any more.
  ~SystemResolver() override;
  void LookUp(const std::string& name, Answer answer) override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads, which may outlive it
};

}  // namespace myelin
