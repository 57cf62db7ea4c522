// SPDX-License-Identifier: Apache-2.0
//
// Accepting, the two threads, and how they end.
#include "admin/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <thread>

#include "admin/host_port.h"
#include "admin/listen.h"
#include "admin/session.h"

namespace myelin {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kFinishTime{1};

std::string AddressOf(const tcp::acceptor& acceptor) {
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  return FormatHostPort({endpoint.address().to_string(), std::to_string(endpoint.port())});
}

}  // namespace

class AdminServer::Core {
 public:
  Core(const std::string& address, AdminHooks hooks, Logger& log, AdminLimits limits)
      : router_(std::move(hooks), log),
        context_{router_, limits, [this](std::function<void()> run) { net::post(commands_, std::move(run)); }, {}},
        acceptor_(ListenOn(io_, address)),
        accept_pause_(io_),
        address_(AddressOf(acceptor_)) {
    Accept();
    thread_ = std::thread([this] { Serve(); });
    log.Info("admin", "listening", {{"address", address_}});
  }

  ~Core() {
    // A command holds its session and hands its answer to io_, so it must be over before io_ goes.
    commands_.join();
    io_.stop();
    thread_.join();
  }

  const std::string& address() const { return address_; }

 private:
  void Serve() {
    io_.run();
    // Stopped. `myelin drain` may end the process at once, and its answer is to get out all the same.
    acceptor_.close();
    accept_pause_.cancel();
    const std::list<Session*> sessions = context_.sessions;
    for (Session* session : sessions) session->Finish();
    io_.restart();
    io_.run_for(kFinishTime);
  }

  void Accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error == net::error::operation_aborted) return;
      if (error) return AcceptLater();
      MakeRoom();
      std::make_shared<Session>(std::move(socket), context_)->Start();
      Accept();
    });
  }

  // Out of descriptors, most likely: trying again at once would spin.
  void AcceptLater() {
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](boost::system::error_code error) {
      if (!error) Accept();
    });
  }

  void MakeRoom() {
    auto& sessions = context_.sessions;
    if (sessions.size() < context_.limits.connections) return;
    const auto oldest = std::find_if(sessions.begin(), sessions.end(), [](Session* s) { return !s->busy(); });
    if (oldest == sessions.end()) return;
    Session* session = *oldest;
    // It stays in the list until its pending operation has been told; moved back, the next newcomer finds another.
    sessions.splice(sessions.end(), sessions, oldest);
    session->Close();
  }

  Router router_;
  SessionContext context_;  // before io_, whose destruction ends the sessions that are left
  net::io_context io_{1};
  net::thread_pool commands_{1};
  tcp::acceptor acceptor_;
  net::steady_timer accept_pause_;
  std::string address_;
  std::thread thread_;
};

AdminServer::AdminServer(const std::string& address, AdminHooks hooks, Logger& log, AdminLimits limits)
    : core_(std::make_unique<Core>(address, std::move(hooks), log, limits)) {}

AdminServer::~AdminServer() = default;

const std::string& AdminServer::address() const { return core_->address(); }

}  // namespace myelin
