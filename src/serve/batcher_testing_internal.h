// What tests of the batcher share: a model that waits where it is told to, and answers by name.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "data/category_column.h"
#include "serve/batcher.h"

namespace slipway::serve {

// After which a test fails whose answer does not come.
inline constexpr std::chrono::seconds kPatience(30);
inline constexpr double kRefused = 13;  // The number that the model refuses.

struct Row {
  double age = 0;
  std::string city;  // "" for missing.
};

inline data::Table TableOf(const std::vector<Row>& rows) {
  data::Table table;
  table.rows = std::ssize(rows);
  data::Column& age = table.columns.emplace_back();
  age.name = "age";
  std::vector<std::string> cities;
  for (const Row& row : rows) {
    age.numbers.push_back(row.age);
    cities.push_back(row.city);
  }
  table.columns.push_back(data::MakeCategoryColumn("city", cities));
  return table;
}

// Answers each row by its own values, and remembers which tables came. While it is closed, calls
// wait in it.
class FakePredictor final : public model::Predictor {
 public:
  explicit FakePredictor(int classes = 2) : width_(classes) {}

  Result<model::Predictions> Predict(const data::Table& table, int threads) const override {
    EXPECT_EQ(threads, 1);
    {
      std::unique_lock lock(mutex_);
      calls_.push_back(table);
      sigset_t mask;
      ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      signals_blocked_ = sigismember(&mask, SIGTERM) == 1;
      changed_.notify_all();
      changed_.wait(lock, [&] { return open_; });
    }
    if (table.rows >= throws_from_.load()) throw std::bad_alloc();
    model::Predictions answers = model::Predictions::Make(table.rows, width_);
    for (int64_t row = 0; row < table.rows; ++row) {
      const double age = table.columns[0].numbers[static_cast<size_t>(row)];
      if (age == kRefused) return Refusal(row);
      SetAnswer(row, age, table.columns[1].TextAt(row), &answers);
    }
    return answers;
  }

  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return "fake"; }

  void Close() { SetOpen(false); }
  void Open() { SetOpen(true); }
  // Calls of so many rows find no memory.
  void ThrowFrom(int64_t rows) { throws_from_ = rows; }
  void AwaitCalls(size_t count) const {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return calls_.size() >= count; }));
  }
  std::vector<data::Table> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<int64_t> rows_of_calls() const {
    std::vector<int64_t> rows;
    for (const data::Table& table : calls()) rows.push_back(table.rows);
    return rows;
  }
  bool signals_blocked() const {
    const std::lock_guard lock(mutex_);
    return signals_blocked_;
  }

 private:
  static Error Refusal(int64_t row) {
    Location location;
    location.row = row + 1;
    location.field = "age";
    return Error(ErrorCode::kInvalidInput, "bad luck").At(std::move(location));
  }

  static void SetAnswer(int64_t row, double age, const std::string& city,
                        model::Predictions* answers) {
    const auto place = static_cast<size_t>(row);
    const double shown = std::isnan(age) ? -1 : age;
    const double letter = city.empty() ? -1 : city.front();
    if (answers->regression()) {
      answers->values[place] = shown + letter;
      return;
    }
    answers->labels[place] = static_cast<int32_t>(city.size());
    answers->scores[place * 2] = static_cast<float>(shown);
    answers->scores[place * 2 + 1] = static_cast<float>(letter);
  }

  void SetOpen(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  const int width_;
  const std::vector<model::InputField> inputs_;
  const std::vector<std::string> classes_;
  std::atomic<int64_t> throws_from_{INT64_MAX};
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  mutable std::vector<data::Table> calls_;
  mutable bool signals_blocked_ = false;
  bool open_ = true;
};

// What requests were answered, by a name that the test gives them.
class Answers {
 public:
  Batcher::Done For(const std::string& name) {
    return [this, name](Result<model::Predictions> answer) {
      const std::lock_guard lock(mutex_);
      EXPECT_TRUE(answers_.emplace(name, std::move(answer)).second) << name << " twice";
      order_.push_back(name);
      changed_.notify_all();
    };
  }
  void Await(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return answers_.size() >= count; }));
  }
  const Result<model::Predictions>& Of(const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return answers_.contains(name); });
    return answers_.at(name);  // Throws where it did not come.
  }
  std::vector<float> ScoresOf(const std::string& name) {
    const Result<model::Predictions>& answer = Of(name);
    if (!answer.ok()) {
      ADD_FAILURE() << name << ": " << answer.error().ToString();
      return {};
    }
    EXPECT_EQ(answer->rows * 2, std::ssize(answer->scores));
    return answer->scores;
  }
  std::vector<std::string> order() {
    const std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Result<model::Predictions>> answers_;
  std::vector<std::string> order_;
};

// Moved by one thread and read by others.
class SharedClock final : public Clock {
 public:
  WallTime Now() const override { return WallTime(); }
  SteadyTime SteadyNow() const override { return SteadyTime(std::chrono::seconds(now_.load())); }
  void Advance(int64_t by) { now_ += by; }

 private:
  std::atomic<int64_t> now_{0};
};

}  // namespace slipway::serve
