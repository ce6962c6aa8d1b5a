// A handler, a client and what tests of the server share. Included by tests only.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/listener_internal.h"
#include "http/server.h"

namespace slipway::http {

using std::chrono::milliseconds;

inline constexpr int kPatienceMs = 20'000;  // Of a test: what takes longer does not come.
inline constexpr uint32_t kNote = 7;
inline constexpr size_t kBig = 8 << 20;

// Answers with what it was asked: "/big" with many bytes, "/slow" after a while.
class EchoHandler : public Handler {
 public:
  void Answer(const Request& request, int, int64_t begun_ns, Response* response) override {
    ++asked;
    response->note = kNote;
    if (begun_ns <= 0) std::abort();
    if (request.path == "/slow") std::this_thread::sleep_for(milliseconds(300));
    response->body = fmt::format("{} {} {}", request.method, request.target, request.body);
    if (request.path == "/big") response->body.assign(kBig, 'x');
    if (request.path == "/close") response->close = true;
    if (request.path == "/none") response->status = 204;
    if (request.path == "/teapot") {
      response->status = 404;
      response->AddHeader("X-Id", "a\r\nb");
    }
  }
  void Answered(int, uint32_t note, int status, int64_t, bool sent) override {
    const bool asked_us = status == 200 || status == 204 || status == 404;
    EXPECT_EQ(note, asked_us ? kNote : 0) << status;
    const std::lock_guard<std::mutex> lock(mutex_);
    answered_.push_back(sent ? status : -status);
  }
  std::string ErrorBody(int status, const std::string& message) override {
    return fmt::format("error {}: {}", status, message);
  }
  // Statuses, of those that could not be sent with a minus.
  std::vector<int> answered() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return answered_;
  }

  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::vector<int> answered_;
};

// What a test does not expect to wait for long.
inline bool Eventually(const std::function<bool()>& holds) {
  for (int waited = 0; waited < kPatienceMs; waited += 5) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

inline Descriptor ConnectTo(int port, int receive_buffer = 0) {
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0)
    ::setsockopt(made.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = kPatienceMs / 1000, .tv_usec = 0};
  ::setsockopt(made.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  EXPECT_EQ(::connect(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  return made;
}

class Client {
 public:
  explicit Client(int port, int receive_buffer = 0) : socket_(ConnectTo(port, receive_buffer)) {}

  // False where the server takes no more.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  bool HasInput() {
    char c = 0;
    return ::recv(socket_.number(), &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
  }
  void EndSending() { ::shutdown(socket_.number(), SHUT_WR); }
  void Close() { socket_.Close(); }

  // One answer, or what there was of it before the end.
  std::string ReadAnswer(bool has_body = true) {
    size_t size = std::string::npos;
    while (true) {
      const size_t head = buffer_.find("\r\n\r\n");
      if (head != std::string::npos && size == std::string::npos) {
        size = head + 4;
        const size_t length = buffer_.find("Content-Length: ");
        if (has_body && length < head)
          size += static_cast<size_t>(std::strtoll(buffer_.c_str() + length + 16, nullptr, 10));
      }
      if (buffer_.size() >= size) break;
      if (!Receive()) break;
    }
    std::string answer = buffer_.substr(0, size);
    buffer_.erase(0, answer.size());
    return answer;
  }
  // All until the server's end; "reset" behind it where it was none in good order.
  std::string ReadToEnd() {
    while (Receive()) {
    }
    std::string all = std::exchange(buffer_, "");
    return failed_ ? all + "reset" : all;
  }
  bool Receive() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_.number(), bytes, sizeof(bytes), 0);
    if (count > 0) buffer_.append(bytes, static_cast<size_t>(count));
    failed_ = count < 0;
    return count > 0;
  }
  std::string Ask(const std::string& target) {
    Send(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", target));
    return ReadAnswer();
  }

 private:
  Descriptor socket_;
  std::string buffer_;
  bool failed_ = false;
};

inline std::string Get(const std::string& target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", target);
}

inline std::string Ok(const std::string& body) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    options_.threads = 1;
  }
  void Start() {
    Result<std::unique_ptr<Server>> started = Server::Start(options_, &handler_);
    ASSERT_TRUE(started.ok()) << started.error().Render();
    server_ = *std::move(started);
  }
  int port() const { return server_->port(); }

  ServerOptions options_;
  EchoHandler handler_;
  std::unique_ptr<Server> server_;
};

}  // namespace slipway::http
