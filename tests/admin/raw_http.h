// SPDX-License-Identifier: Apache-2.0
//
// A socket that says exactly what a test wants said, for requests that no decent client would send. One thread.
#pragma once

#include <string>
#include <string_view>

namespace myelin::test {

class RawConnection {
 public:
  /// Connects to "127.0.0.1:port" or "[::1]:port". Aborts the test program when it cannot.
  explicit RawConnection(const std::string& address);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// Answers false when the peer has closed.
  bool Send(std::string_view bytes);

  /// Everything up to the peer's end of stream.
  std::string ReadToEnd();

  /// One whole response with Content-Length, headers included; what came before the end of stream otherwise.
  std::string ReadResponse(bool head = false);

 private:
  bool Fill();

  int fd_ = -1;
  std::string received_;
};

/// Sends `request` and answers the status, 0 when there is none.
int StatusOf(const std::string& address, std::string_view request);

/// The status in "HTTP/1.1 200 OK…".
int StatusIn(std::string_view response);

/// What follows the empty line.
std::string BodyIn(std::string_view response);

}  // namespace myelin::test
