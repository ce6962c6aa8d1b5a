// A handler, a client and what tests of the server share. Included by tests only.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/listener.h"
#include "http/server.h"

namespace slipway::http {

using std::chrono::milliseconds;

inline constexpr int kPatienceMs = 20'000;  // Of a test: what takes longer does not come.
inline constexpr uint64_t kNote = (uint64_t{1} << 40) + 7;
inline constexpr size_t kBig = 8 << 20;

// A request whose answer is to come.
struct Deferred {
  uint64_t ticket = 0;
  std::string answer;  // As at once.
};

inline Response AnswerTo(const Deferred& deferred) {
  Response response;
  response.note = kNote;
  response.body = deferred.answer;
  return response;
}

// Answers with what it was asked: "/big" with many bytes, "/slow" after a while, "/hold" once
// `released` is set, "/later…" when the test completes it.
class EchoHandler : public Handler {
 public:
  void Answer(const Request& request, const Arrival& arrival, Response* response) override {
    if (arrival.begun_ns <= 0 || arrival.ticket == 0) std::abort();
    response->note = kNote;
    response->body = fmt::format("{} {} {}", request.method, request.target, request.body);
    Keep(request, arrival, response);
    ++asked;
    if (request.path == "/slow") std::this_thread::sleep_for(milliseconds(300));
    if (request.path == "/hold") released.wait(false);
    if (request.path == "/memory") throw std::bad_alloc();
    if (request.path == "/peer") response->body = request.peer;
    if (request.path == "/big") response->body.assign(kBig, 'x');
    if (request.path == "/close") response->close = true;
    if (request.path == "/none") response->status = 204;
    if (request.path == "/teapot") {
      response->status = 404;
      response->AddHeader("X-Id", "a\r\nb");
    }
  }
  void Answered(const Delivery& delivery) override {
    const int status = delivery.status;
    const bool asked_us = status == 200 || status == 204 || status == 404 || status == 0;
    EXPECT_EQ(delivery.note, asked_us ? kNote : 0) << status;
    EXPECT_GT(delivery.begun_ns, 0);
    const std::lock_guard<std::mutex> lock(mutex_);
    deliveries_.push_back(delivery);
  }
  std::string ErrorBody(int status, const std::string& message) override {
    return fmt::format("error {}: {}", status, message);
  }

  std::vector<Delivery> deliveries() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return deliveries_;
  }
  // Statuses, of those that could not be sent with a minus.
  std::vector<int> answered() {
    std::vector<int> statuses;
    for (const Delivery& delivery : deliveries())
      statuses.push_back(delivery.sent ? delivery.status : -delivery.status);
    return statuses;
  }
  // What each request was told of the queue.
  std::vector<int64_t> queues() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queues_;
  }
  // The next request of "/later"; none where none comes, or EndDeferred was called.
  std::optional<Deferred> NextDeferred() {
    std::unique_lock<std::mutex> lock(mutex_);
    came_.wait_for(lock, milliseconds(kPatienceMs), [&] { return ended_ || !deferred_.empty(); });
    if (deferred_.empty()) return std::nullopt;
    Deferred next = std::move(deferred_.front());
    deferred_.pop_front();
    return next;
  }
  void EndDeferred() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    came_.notify_all();
  }

  std::atomic<int> asked{0};
  std::atomic<bool> released{false};

 private:
  void Keep(const Request& request, const Arrival& arrival, Response* response) {
    const std::lock_guard<std::mutex> lock(mutex_);
    queues_.push_back(arrival.in_flight);
    response->later = request.path.starts_with("/later");
    if (!response->later) return;
    deferred_.push_back({arrival.ticket, response->body});
    came_.notify_one();
  }

  std::mutex mutex_;  // Of all that follows.
  std::condition_variable came_;
  std::vector<Delivery> deliveries_;
  std::vector<int64_t> queues_;
  std::deque<Deferred> deferred_;
  bool ended_ = false;
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

// "Date: Sun, 06 Nov 1994 08:49:37 GMT" and the end of its line.
inline constexpr size_t kDateLine = 37;

// Each answer says when it was made, which no test expects.
inline std::string WithoutDates(std::string bytes) {
  for (size_t at = bytes.find("\r\nDate: "); at != std::string::npos;
       at = bytes.find("\r\nDate: ", at))
    bytes.erase(at, kDateLine);
  return bytes;
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
  // As a client that is killed with bytes unread: the server is told at once.
  void Reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    Close();
  }
  // How much of it there was room for.
  size_t TrySend(std::string_view bytes) {
    const ssize_t count =
        ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }
  // Whether all that was sent is with the server's system.
  bool Arrived() {
    int left = 0;
    return ::ioctl(socket_.number(), SIOCOUTQ, &left) == 0 && left == 0;
  }

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
    answer = WithoutDates(std::move(answer));
    return answer;
  }
  // All until the server's end; "reset" behind it where it was none in good order.
  std::string ReadToEnd() {
    while (Receive()) {
    }
    std::string all = WithoutDates(std::exchange(buffer_, ""));
    return failed_ ? all + "reset" : all;
  }
  bool Receive() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_.number(), bytes, sizeof(bytes), 0);
    if (count > 0) buffer_.append(bytes, static_cast<size_t>(count));
    failed_ = count < 0;
    return count > 0;
  }
  bool ReceiveAtLeast(size_t size) {
    while (buffer_.size() < size && Receive()) {
    }
    return buffer_.size() >= size;
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
