#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "splitter/relay_buffer_internal.h"

namespace slipway::splitter {
namespace {

// As a socket fills it; how much there was room for.
size_t Fill(RelayBuffer* buffer, char c) {
  const auto [room, size] = buffer->Room();
  if (size > 0) std::memset(room, c, size);
  buffer->Added(size);
  return size;
}

TEST(RelayBuffer, SendsAgainWhatIsStillThere) {
  RelayBuffer buffer;
  buffer.Append("head");
  buffer.Append("body and more");
  buffer.Retract(9);
  EXPECT_EQ(buffer.unsent(), "headbody");
  buffer.Sent(8);
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(buffer.whole());
  buffer.Rewind();
  EXPECT_EQ(buffer.unsent(), "headbody");
}

TEST(RelayBuffer, HasAnEndAndGoesRound) {
  RelayBuffer buffer;
  size_t held = 0;
  while (const size_t count = Fill(&buffer, 'a')) held += count;
  EXPECT_EQ(held, RelayBuffer::kMostCapacity);
  buffer.Sent(100);
  EXPECT_EQ(Fill(&buffer, 'b'), 0U) << "so little is not worth moving all";
  EXPECT_TRUE(buffer.whole());
  buffer.Sent(held - 200);
  EXPECT_EQ(Fill(&buffer, 'b'), held - 100);
  EXPECT_FALSE(buffer.whole());
  EXPECT_EQ(buffer.unsent(), std::string(100, 'a') + std::string(held - 100, 'b'));
  buffer.Clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(buffer.whole());
}

}  // namespace
}  // namespace slipway::splitter
