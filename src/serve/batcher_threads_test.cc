#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "serve/batcher.h"
#include "serve/batcher_testing_internal.h"

namespace slipway::serve {
namespace {

// By the real clock: workers wake by themselves.
TEST(BatcherTimeTest, TheDelayEndsByItself) {
  for (const int threads : {1, 3}) {
    Answers answers;
    const auto one = std::make_shared<FakePredictor>();
    const auto other = std::make_shared<FakePredictor>();
    const auto batcher = Batcher::Make({.rows = 100, .delay_seconds = 0.002, .threads = threads});
    ASSERT_TRUE(batcher.ok());
    for (int i = 0; i < 20; ++i) {
      const std::string name = std::to_string(i);
      (*batcher)->Submit(one, TableOf({{1, "x"}}), answers.For("one " + name));
      (*batcher)->Submit(other, TableOf({{1, "x"}}), answers.For("other " + name));
      if (i % 2 == 0) answers.Of("one " + name);
      if (i % 3 == 0) answers.Of("other " + name);
    }
    answers.Await(40);
  }
}

// Submits, and counts what comes back wrong.
struct Client {
  Batcher* batcher = nullptr;
  std::shared_ptr<FakePredictor> predictor;
  std::atomic<int>* right = nullptr;
  std::atomic<int>* refused = nullptr;
  std::atomic<int>* full = nullptr;

  void Ask(int number) const {
    const double age = number % 50 == 7 ? kRefused : number + 100;
    const std::string city(1, static_cast<char>('a' + number % 26));
    const auto rows = static_cast<size_t>(1 + number % 3);
    const bool taken = batcher->Submit(predictor, TableOf(std::vector<Row>(rows, {age, city})),
                                       [*this, age, city, rows](Result<model::Predictions> answer) {
                                         if (age == kRefused) {
                                           if (!answer.ok() && answer.error().location().row == 1)
                                             ++*refused;
                                           return;
                                         }
                                         std::vector<float> scores;
                                         for (size_t row = 0; row < rows; ++row) {
                                           scores.push_back(static_cast<float>(age));
                                           scores.push_back(static_cast<float>(city[0]));
                                         }
                                         if (answer.ok() && answer->scores == scores) ++*right;
                                       });
    if (!taken) ++*full;
  }
};

TEST(BatcherThreadsTest, ManyThreadsGetTheirOwnAnswers) {
  constexpr int kClients = 4, kRequests = 1000;
  for (const double delay : {0.0, 0.0005}) {
    std::atomic<int> right = 0, refused = 0, full = 0;
    const std::vector predictors = {std::make_shared<FakePredictor>(),
                                    std::make_shared<FakePredictor>()};
    auto batcher =
        Batcher::Make({.rows = 8, .delay_seconds = delay, .threads = 3, .queue_rows = 500});
    ASSERT_TRUE(batcher.ok());
    {
      std::vector<std::jthread> clients;
      for (size_t i = 0; i < kClients; ++i) {
        const Client client{batcher->get(), predictors[i % 2], &right, &refused, &full};
        clients.emplace_back([client] {
          for (int number = 0; number < kRequests; ++number) client.Ask(number);
        });
      }
    }
    const BatcherCounts counts = (*batcher)->counts();
    batcher->reset();
    EXPECT_EQ(right + refused + full, kClients * kRequests);
    EXPECT_EQ(counts.refused, full);
    EXPECT_GT(right, 0);
  }
}

}  // namespace
}  // namespace slipway::serve
