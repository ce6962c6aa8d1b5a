// Bodies larger than any buffer, and sides that are slower than the other.
#include <gmock/gmock.h>

#include "core/hash.h"
#include "core/random.h"
#include "splitter/splitter_testing_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kLarge = 50 << 20;
constexpr size_t kPiece = 256 << 10;
// What two connections' systems and a relay may hold of what nobody reads. Far more is sent.
constexpr size_t kHeld = 32 << 20;
constexpr size_t kSent = 64 << 20;

std::string RandomBytes(size_t size, uint64_t seed) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Next());
  return bytes;
}

std::string InChunks(std::string_view bytes) {
  std::string chunks;
  Random random(7);
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(bytes.size(), 1 + random.Below(100'000));
    chunks += fmt::format("{:x}\r\n{}\r\n", size, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return chunks + "0\r\n\r\n";
}

TEST_F(SplitterTest, LargeBodiesGoThroughBothWays) {
  for (const bool chunked : {false, true}) {
    FakeReplica replica([](Peer& peer, int) {
      const std::string head = peer.ReadTo("\r\n\r\n");
      const bool chunks = head.find("chunked") != std::string::npos;
      peer.Send("HTTP/1.1 200 OK\r\n");
      peer.Send(chunks ? "Transfer-Encoding: chunked\r\n\r\n"
                       : fmt::format("Content-Length: {}\r\n\r\n", kLarge));
      // Back as it comes.
      while (true) {
        const std::string piece = peer.ReadSome();
        if (piece.empty() || !peer.Send(piece)) return;
      }
    });
    StartWith({replica.port()});
    const std::string body = chunked ? InChunks(RandomBytes(kLarge, 3)) : RandomBytes(kLarge, 3);
    Peer client = Connect();
    std::thread sends([&] {
      client.Send("POST /predict HTTP/1.1\r\nHost: a\r\n");
      client.Send(chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                          : fmt::format("Content-Length: {}\r\n\r\n", kLarge));
      client.Send(body);
    });
    EXPECT_THAT(client.ReadTo("\r\n\r\n"), ::testing::StartsWith("HTTP/1.1 200 OK"));
    const std::string answer = client.ReadBytes(body.size());
    sends.join();
    EXPECT_EQ(DigestOf(answer), DigestOf(body));
    EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").requests == 1; }));
    splitter_.reset();
  }
}

// How much a peer could send until nothing went on for a while.
size_t SendUntilStuck(Peer* peer, const std::string& piece, const std::atomic<bool>& stop) {
  size_t sent = 0;
  int quiet = 0;
  while (sent < kSent && quiet < 40 && !stop.load()) {
    const size_t count = peer->TrySend(piece);
    sent += count;
    quiet = count > 0 ? 0 : quiet + 1;
    if (count == 0) std::this_thread::sleep_for(milliseconds(5));
  }
  return sent;
}

TEST_F(SplitterTest, ASlowClientHoldsUpItsReplica) {
  std::atomic<size_t> sent{0};
  const std::atomic<bool> stop{false};
  FakeReplica replica([&](Peer& peer, int number) {
    peer.ReadMessage();
    if (number > 0) {
      peer.Send(Ok("other"));
      return;
    }
    peer.Send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kSent));
    sent = SendUntilStuck(&peer, std::string(kPiece, 'x'), stop);
    peer.Send(std::string(kSent - sent, 'x'));
  });
  StartWith({replica.port()});
  Peer client = Connect(4096);
  client.Send(Get("/"));
  ASSERT_TRUE(Eventually([&] { return sent.load() > 0; }));
  EXPECT_LT(sent.load(), kHeld);
  // Others are served meanwhile.
  EXPECT_EQ(Ask(Get("/")), Ok("other"));
  client.ReadTo("\r\n\r\n");
  size_t received = 0;
  while (received < kSent) {
    const size_t count = client.ReadSome().size();
    if (count == 0) break;
    received += count;
  }
  EXPECT_EQ(received, kSent);
}

TEST_F(SplitterTest, ASlowReplicaHoldsUpItsClient) {
  std::atomic<bool> reads{false};
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadTo("\r\n\r\n");
    reads.wait(false);
    size_t received = 0;
    while (received < kSent) {
      const size_t count = peer.ReadSome().size();
      if (count == 0) return;
      received += count;
    }
    peer.Send(Ok(fmt::format("{}", received)));
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", kSent));
  const std::atomic<bool> stop{false};
  const size_t sent = SendUntilStuck(&client, std::string(kPiece, 'x'), stop);
  EXPECT_LT(sent, kHeld);
  reads = true;
  reads.notify_all();
  client.Send(std::string(kSent - sent, 'x'));
  EXPECT_EQ(client.ReadMessage(), Ok(fmt::format("{}", kSent)));
}

TEST_F(SplitterTest, AClientThatReadsNothingIsGivenUp) {
  options_.limits.write_seconds = 0.2;
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    peer.Send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kSent));
    while (peer.Send(std::string(kPiece, 'x'))) {
    }
  });
  StartWith({replica.port()});
  const Peer client = [&] {
    Peer peer = Connect(4096);
    peer.Send(Get("/"));
    return peer;
  }();
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").abandoned == 1; }));
  EXPECT_TRUE(Eventually([&] { return SnapshotOf("1").in_flight == 0; }));
}

TEST_F(SplitterTest, InterimAnswersAreHeldUpToo) {
  const std::string interim =
      "HTTP/1.1 102 Processing\r\nX: " + std::string(4000, 'y') + "\r\n\r\n";
  std::string all;
  while (all.size() < kSent) all += interim;
  all += Ok("done");
  std::atomic<size_t> held{0};
  FakeReplica replica([&](Peer& peer, int) {
    peer.ReadMessage();
    size_t sent = 0;
    for (int quiet = 0; sent < all.size() && quiet < 40;) {
      const size_t count = peer.TrySend(std::string_view(all).substr(sent));
      sent += count;
      quiet = count > 0 ? 0 : quiet + 1;
      if (count == 0) std::this_thread::sleep_for(milliseconds(5));
    }
    held = sent;
    peer.Send(std::string_view(all).substr(sent));
    peer.ReadToEnd();
  });
  StartWith({replica.port()});
  Peer client = Connect(4096);
  client.Send(Get("/"));
  ASSERT_TRUE(Eventually([&] { return held.load() > 0; }));
  EXPECT_LT(held.load(), kHeld);
  size_t received = 0;
  while (received < all.size()) {
    const size_t count = client.ReadSome().size();
    if (count == 0) break;
    received += count;
  }
  EXPECT_EQ(received, all.size());
}

TEST_F(SplitterTest, LargeAnswersOfOneConnectionInTurn) {
  FakeReplica replica([](Peer& peer, int) {
    while (!peer.ReadMessage().empty()) peer.Send(Ok(std::string(300'000, 'y')));
  });
  StartWith({replica.port()});
  Peer client = Connect();
  client.Send(Get("/") + Post("/", std::string(200'000, 'z')) + Get("/"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ReadMessage(), Ok(std::string(300'000, 'y')));
  // The body that is too large to be held has one of its own.
  EXPECT_EQ(replica.connections(), 2);
}

}  // namespace
}  // namespace slipway::splitter
