// open_loop HOST:PORT PATH [--rate 10000] [--seconds 10] [--connections 32] [--body FILE]
//
// Sends HTTP requests at a constant rate, whether the server keeps up or not, and tells how long
// the answers took as one line of JSON. Latency counts from the moment at which a request was meant
// to be sent: one that waits because all connections are busy has that wait in its latency. A
// closed loop, which sends when the last answer came, asks less of a server that stalls, and so
// leaves out what its users would feel ("coordinated omission").
//
// With a body it is a POST of JSON, else a GET. Never pipelined. Ends at the latest kGraceSeconds
// after the last request was meant to be sent.
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <deque>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kGraceSeconds = 5;
constexpr int64_t kConnectSeconds = 5;
constexpr int64_t kRetryNs = kSecond / 100;
// The system wakes a sleeper some 50 µs late; so the last stretch is waited for awake.
constexpr int64_t kAwakeNs = 200'000;
constexpr double kMostRequests = 100e6;

int64_t Now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

struct Options {
  std::string host, port, path, body;
  double rate = 10'000, seconds = 10;
  int connections = 32;
};

struct Tally {
  int64_t sent = 0, non_2xx = 0, errors = 0;
  std::vector<int64_t> latencies_ns;
};

struct Connection {
  enum class State { kClosed, kConnecting, kIdle, kBusy };
  State state = State::kClosed;
  int socket = -1;
  int64_t retry_at = 0;     // Of a closed one.
  int64_t intended_at = 0;  // Of a busy one, as what follows.
  size_t written = 0;
  std::string received;
};

bool SameInAnyCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

std::optional<std::string_view> HeaderOf(std::string_view head, std::string_view name) {
  for (size_t line = head.find("\r\n"); line != std::string_view::npos;) {
    const size_t begin = line + 2;
    line = head.find("\r\n", begin);
    const std::string_view text = head.substr(begin, line - begin);
    if (text.size() <= name.size() || text[name.size()] != ':') continue;
    if (!SameInAnyCase(text.substr(0, name.size()), name)) continue;
    std::string_view value = text.substr(name.size() + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    return value;
  }
  return std::nullopt;
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Answer {
  bool complete = false;
  bool wrong = false;  // No answer of HTTP/1.x with a Content-Length.
  bool close = false;
  int status = 0;
};

Answer ReadAnswer(std::string_view received) {
  Answer answer;
  const size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return answer;
  const std::string_view head = received.substr(0, end);
  const auto status = ParseNumber<int>(head.substr(0, 12).substr(std::min<size_t>(head.size(), 9)));
  const auto length = ParseNumber<size_t>(HeaderOf(head, "Content-Length").value_or(""));
  const bool empty = status == 204 || status == 304;
  answer.wrong = !head.starts_with("HTTP/1.") || !status || (!length && !empty);
  answer.status = status.value_or(0);
  answer.close = SameInAnyCase(HeaderOf(head, "Connection").value_or(""), "close");
  const size_t needed = end + 4 + (empty ? 0 : length.value_or(0));
  answer.complete = received.size() >= needed;
  // Nothing was asked that more could answer.
  answer.wrong |= received.size() > needed;
  return answer;
}

class Load {
 public:
  Load(const Options& options, const addrinfo& address)
      : options_(options), address_(address), connections_(options.connections) {
    const std::string host = fmt::format("Host: {}:{}\r\n", options.host, options.port);
    request_ = options.body.empty() ? fmt::format("GET {} HTTP/1.1\r\n{}\r\n", options.path, host)
                                    : fmt::format(
                                          "POST {} HTTP/1.1\r\n{}Content-Type: application/json\r\n"
                                          "Content-Length: {}\r\n\r\n{}",
                                          options.path, host, options.body.size(), options.body);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  }
  ~Load() {
    for (Connection& connection : connections_) {
      if (connection.socket >= 0) ::close(connection.socket);
    }
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Whether all connections stand.
  bool ConnectAll() {
    const int64_t end = Now() + kConnectSeconds * kSecond;
    while (idle_.size() < connections_.size() && Now() < end) {
      Reconnect(Now());
      Wait(kRetryNs);
    }
    return idle_.size() == connections_.size();
  }

  Tally Run() {
    tally_ = Tally();
    const auto total = static_cast<int64_t>(options_.rate * options_.seconds);
    tally_.latencies_ns.reserve(static_cast<size_t>(total));
    begun_ = Now();
    const int64_t end = IntendedAt(total) + kGraceSeconds * kSecond;
    while (answered_or_failed_ < total && Now() < end) {
      Reconnect(Now());
      SendDue(total);
      const int64_t next = sent_ < total && !idle_.empty() ? IntendedAt(sent_) : end;
      Wait(std::min(next - Now(), kRetryNs));
    }
    // What was never sent or never answered.
    tally_.errors += total - answered_or_failed_;
    tally_.sent = sent_;
    return std::move(tally_);
  }

 private:
  int64_t IntendedAt(int64_t number) const {
    return begun_ + std::llround(static_cast<double>(number) * kSecond / options_.rate);
  }

  void SendDue(int64_t total) {
    while (sent_ < total && !idle_.empty() && IntendedAt(sent_) <= Now()) {
      // The one that is idle longest: all get their share.
      Connection& connection = connections_[idle_.front()];
      idle_.pop_front();
      connection.state = Connection::State::kBusy;
      connection.intended_at = IntendedAt(sent_++);
      connection.written = 0;
      connection.received.clear();
      Write(connection);
    }
  }

  void Write(Connection& connection) {
    while (connection.written < request_.size()) {
      const ssize_t count = ::send(connection.socket, request_.data() + connection.written,
                                   request_.size() - connection.written, MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) return;  // epoll tells when there is room.
      if (count < 0) return Fail(connection);
      connection.written += static_cast<size_t>(count);
    }
  }

  void Read(Connection& connection) {
    char bytes[64 << 10];
    while (true) {
      const ssize_t count = ::recv(connection.socket, bytes, sizeof(bytes), 0);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0 || connection.state != Connection::State::kBusy) return Fail(connection);
      connection.received.append(bytes, static_cast<size_t>(count));
      const Answer answer = ReadAnswer(connection.received);
      if (answer.wrong) return Fail(connection);
      if (answer.complete) return Finish(connection, answer);
    }
  }

  void Finish(Connection& connection, const Answer& answer) {
    ++answered_or_failed_;
    tally_.latencies_ns.push_back(Now() - connection.intended_at);
    if (answer.status < 200 || answer.status > 299) ++tally_.non_2xx;
    connection.state = Connection::State::kIdle;
    if (answer.close) return Close(connection);
    idle_.push_back(IndexOf(connection));
  }

  // The connection broke; so did the request that it carried, if any.
  void Fail(Connection& connection) {
    if (connection.state == Connection::State::kBusy) {
      ++answered_or_failed_;
      ++tally_.errors;
    }
    if (connection.state == Connection::State::kIdle) std::erase(idle_, IndexOf(connection));
    connection.retry_at = Now() + kRetryNs;
    Close(connection);
  }

  void Close(Connection& connection) {
    ::close(connection.socket);
    connection.socket = -1;
    connection.state = Connection::State::kClosed;
    ++closed_;
  }

  void Reconnect(int64_t now) {
    if (closed_ == 0) return;
    for (Connection& connection : connections_) {
      if (connection.state == Connection::State::kClosed && connection.retry_at <= now) {
        Connect(connection);
      }
    }
  }

  void Connect(Connection& connection) {
    --closed_;
    connection.state = Connection::State::kConnecting;
    connection.socket = ::socket(address_.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    const bool refused = ::connect(connection.socket, address_.ai_addr, address_.ai_addrlen) != 0 &&
                         errno != EINPROGRESS;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = IndexOf(connection);
    if (refused || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event) != 0) {
      Fail(connection);
    }
  }

  void Wait(int64_t ns) {
    epoll_event events[64];
    timespec span{};
    if (ns > kAwakeNs) {
      span.tv_sec = (ns - kAwakeNs) / kSecond;
      span.tv_nsec = (ns - kAwakeNs) % kSecond;
    }
    const int count = ::epoll_pwait2(epoll_, events, std::size(events), &span, nullptr);
    for (int number = 0; number < count; ++number) {
      Happened(connections_[events[number].data.u64], events[number].events);
    }
  }

  void Happened(Connection& connection, uint32_t events) {
    if (connection.state == Connection::State::kConnecting) {
      if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Fail(connection);
      if ((events & EPOLLOUT) == 0) return;
      connection.state = Connection::State::kIdle;
      idle_.push_back(IndexOf(connection));
      return;
    }
    if ((events & EPOLLOUT) != 0 && connection.state == Connection::State::kBusy) {
      Write(connection);
    }
    const bool readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
    if (readable && connection.socket >= 0) Read(connection);
    // The answer was the last one, though it did not say so.
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (ended && connection.state == Connection::State::kIdle) Fail(connection);
  }

  size_t IndexOf(const Connection& connection) const {
    return static_cast<size_t>(&connection - connections_.data());
  }

  const Options& options_;
  const addrinfo& address_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::deque<size_t> idle_;
  size_t closed_ = connections_.size();
  int64_t begun_ = 0, sent_ = 0, answered_or_failed_ = 0;
  Tally tally_;
};

double Percentile(const std::vector<int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max<size_t>(rank, 1) - 1]) / 1e6;
}

void Print(Tally tally) {
  std::ranges::sort(tally.latencies_ns);
  fmt::print("{{\"sent\":{},\"answered\":{},\"non_2xx\":{},\"errors\":{},", tally.sent,
             tally.latencies_ns.size(), tally.non_2xx, tally.errors);
  fmt::print("\"p50\":{:.4f},\"p99\":{:.4f},\"p99.9\":{:.4f},\"max\":{:.4f}}}\n",
             Percentile(tally.latencies_ns, 0.5), Percentile(tally.latencies_ns, 0.99),
             Percentile(tally.latencies_ns, 0.999), Percentile(tally.latencies_ns, 1));
}

bool ParseOption(std::string_view name, const char* value, Options* options) {
  if (name == "--body") {
    std::ifstream file(value, std::ios::binary);
    options->body.assign(std::istreambuf_iterator<char>(file), {});
    return file.good() && !options->body.empty();
  }
  const auto number = ParseNumber<double>(value);
  if (!number || !(*number > 0) || *number > 1e9) return false;
  if (name == "--rate") options->rate = *number;
  if (name == "--seconds") options->seconds = *number;
  if (name == "--connections") options->connections = static_cast<int>(*number);
  return name == "--rate" || name == "--seconds" || name == "--connections";
}

std::optional<Options> ParseOptions(int count, char** words) {
  if (count < 3 || count % 2 == 0) return std::nullopt;
  Options options;
  const std::string address = words[1];
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  options.host = address.substr(0, colon);
  options.port = address.substr(colon + 1);
  options.path = words[2];
  for (int word = 3; word < count; word += 2) {
    if (!ParseOption(words[word], words[word + 1], &options)) {
      fmt::print(stderr, "error: {} {}\n", words[word], words[word + 1]);
      return std::nullopt;
    }
  }
  const bool bounded = options.rate * options.seconds <= kMostRequests;
  if (!bounded || options.connections < 1 || options.connections > 10'000) return std::nullopt;
  return options;
}

}  // namespace

int main(int count, char** words) {
  const auto options = ParseOptions(count, words);
  if (!options) {
    fmt::print(stderr,
               "usage: open_loop HOST:PORT PATH [--rate 10000] [--seconds 10] "
               "[--connections 32] [--body FILE]\n");
    return 2;
  }
  addrinfo hints{}, *address = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(options->host.c_str(), options->port.c_str(), &hints, &address) != 0) {
    fmt::print(stderr, "error: no address of {}:{}\n", options->host, options->port);
    return 2;
  }
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  int code = 0;
  Load load(*options, *address);
  if (load.ConnectAll()) {
    Print(load.Run());
  } else {
    fmt::print(stderr, "error: {}:{} does not take {} connections\n", options->host, options->port,
               options->connections);
    code = 3;
  }
  ::freeaddrinfo(address);
  return code;
}
