// Replicas that do as a test says, a client, and what tests share. Included by tests only.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/descriptor.h"
#include "http/listener.h"
#include "splitter/splitter.h"

namespace slipway::splitter {

using std::chrono::milliseconds;

inline constexpr int kPatienceMs = 20'000;  // Of a test: what takes longer does not come.

inline bool Eventually(const std::function<bool()>& holds) {
  for (int waited = 0; waited < kPatienceMs; waited += 5) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

// Either end of a connection, with calls that wait.
class Peer {
 public:
  explicit Peer(Descriptor socket) : socket_(std::move(socket)) {
    const timeval patience{.tv_sec = kPatienceMs / 1000, .tv_usec = 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  // How much of it there was room for.
  size_t TrySend(std::string_view bytes) {
    const ssize_t count =
        ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }
  bool Receive() {
    constexpr size_t kMost = 64 << 10;
    const size_t before = buffer_.size();
    buffer_.resize(before + kMost);
    const ssize_t count = ::recv(socket_.number(), buffer_.data() + before, kMost, 0);
    buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    reset_ = count < 0;
    return count > 0;
  }
  // All up to the end of `mark`, or what there was before the end.
  std::string ReadTo(std::string_view mark) {
    size_t at = 0;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!Receive()) return std::exchange(buffer_, "");
    }
    return Cut(at + mark.size());
  }
  std::string ReadBytes(size_t count) {
    while (buffer_.size() < count && Receive()) {
    }
    return Cut(std::min(count, buffer_.size()));
  }
  // A message with Content-Length or in chunks, framed as it came; "" at the end.
  std::string ReadMessage(bool has_body = true) {
    const std::string head = ReadTo("\r\n\r\n");
    std::string message = head;
    if (!has_body) return message;
    const size_t length = head.find("Content-Length: ");
    if (length != std::string::npos)
      message += ReadBytes(std::strtoull(head.c_str() + length + 16, nullptr, 10));
    if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
      std::string line;
      do {
        line = ReadTo("\r\n");
        message += line + ReadBytes(std::strtoull(line.c_str(), nullptr, 16));
        if (line.empty() || line.starts_with("0\r\n")) break;
        message += ReadTo("\r\n");
      } while (true);
      // The trailers.
      do {
        line = ReadTo("\r\n");
        message += line;
      } while (!line.empty() && line != "\r\n");
    }
    return message;
  }
  // What there is, at least a byte of it; "" at the end.
  std::string ReadSome() {
    if (buffer_.empty()) Receive();
    return std::exchange(buffer_, "");
  }
  std::string ReadToEnd() {
    while (Receive()) {
    }
    return std::exchange(buffer_, "") + (reset_ ? "reset" : "");
  }
  bool HasInput() {
    char c = 0;
    return ::recv(socket_.number(), &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
  }
  void EndSending() { ::shutdown(socket_.number(), SHUT_WR); }
  void Close() {
    const std::lock_guard lock(*ending_);
    socket_.Close();
  }
  void Reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    Close();
  }
  // By any thread.
  void ShutDown() {
    const std::lock_guard lock(*ending_);
    if (socket_.open()) ::shutdown(socket_.number(), SHUT_RDWR);
  }

 private:
  std::string Cut(size_t count) {
    std::string cut = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return cut;
  }

  Descriptor socket_;
  std::unique_ptr<std::mutex> ending_ = std::make_unique<std::mutex>();  // Of the socket.
  std::string buffer_;
  bool reset_ = false;
};

inline Peer ConnectTo(int port, int receive_buffer = 0) {
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0)
    ::setsockopt(made.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  return Peer(std::move(made));
}

inline std::string Ok(std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

inline std::string Get(std::string_view target, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", target, headers);
}

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\n{}Content-Length: {}\r\n\r\n{}", target,
                     headers, body.size(), body);
}

inline int StatusOf(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9);
}

inline std::string BodyOf(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

// A server whose connections are handled by the test, each on a thread of its own.
class FakeReplica {
 public:
  // `number` counts connections from 0. Its end closes the connection.
  using Handler = std::function<void(Peer& peer, int number)>;

  explicit FakeReplica(Handler handler, int port = 0) : handler_(std::move(handler)) {
    Result<http::Listeners> listeners = http::Listen("127.0.0.1", port, 1);
    if (!listeners.ok()) {
      ADD_FAILURE() << listeners.error().Render();
      std::abort();
    }
    port_ = listeners->port;
    listener_ = std::move(listeners->sockets[0]);
    // The listener of the server does not wait.
    const int flags = ::fcntl(listener_.number(), F_GETFL);
    ::fcntl(listener_.number(), F_SETFL, flags & ~O_NONBLOCK);
    accepting_ = std::thread([this] { Accept(); });
  }
  // Answers each request with that body, and keeps connections.
  explicit FakeReplica(std::string body)
      : FakeReplica([body = std::move(body)](Peer& peer, int) {
          while (!peer.ReadMessage().empty()) peer.Send(Ok(body));
        }) {}
  ~FakeReplica() { Stop(); }

  void Stop() {
    if (!accepting_.joinable()) return;
    ::shutdown(listener_.number(), SHUT_RDWR);
    accepting_.join();
    listener_.Close();
    {
      const std::lock_guard lock(mutex_);
      for (Peer& peer : peers_) peer.ShutDown();
    }
    for (std::thread& thread : threads_) thread.join();
  }
  int port() const { return port_; }
  int connections() const { return connections_.load(); }

 private:
  void Accept() {
    while (true) {
      Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket.open()) return;
      const std::lock_guard lock(mutex_);
      Peer& peer = peers_.emplace_back(std::move(socket));
      const int number = connections_++;
      threads_.emplace_back([this, &peer, number] {
        handler_(peer, number);
        const std::lock_guard closing(mutex_);
        peer.Close();
      });
    }
  }

  Handler handler_;
  Descriptor listener_;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;  // Of both that follow.
  std::list<Peer> peers_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

// A port at which nobody listens.
inline int DeadPort() {
  Result<http::Listeners> listeners = http::Listen("127.0.0.1", 0, 1);
  return listeners.ok() ? listeners->port : 1;
}

inline VersionRoute RouteTo(const std::string& id, double weight, const std::vector<int>& ports) {
  VersionRoute route{.id = id, .weight = weight, .replicas = {}};
  for (const int port : ports) route.replicas.push_back({"127.0.0.1", port});
  return route;
}

class SplitterTest : public ::testing::Test {
 protected:
  SplitterTest() {
    options_.port = 0;
    options_.threads = 1;
  }
  void Start() {
    Result<std::unique_ptr<Splitter>> started = Splitter::Start(options_, routes_);
    ASSERT_TRUE(started.ok()) << started.error().Render();
    splitter_ = *std::move(started);
  }
  void StartWith(const std::vector<int>& ports) {
    routes_.versions = {RouteTo("1", 1, ports)};
    Start();
  }
  Peer Connect(int receive_buffer = 0) const {
    return ConnectTo(splitter_->port(), receive_buffer);
  }
  // On a connection of its own.
  std::string Ask(const std::string& request, bool has_body = true) const {
    Peer peer = Connect();
    peer.Send(request);
    return peer.ReadMessage(has_body);
  }
  VersionSnapshot SnapshotOf(const std::string& id) const {
    for (VersionSnapshot& version : splitter_->Snapshot().versions) {
      if (version.id == id) return std::move(version);
    }
    return {};
  }

  SplitterOptions options_;
  Routes routes_;
  std::unique_ptr<Splitter> splitter_;
};

}  // namespace slipway::splitter
