#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "data/category_encoding_internal.h"
#include "data/messages_internal.h"

namespace slipway::data {
namespace {

// A column of zeros and ones for each category is paid for in memory, and few trees ask for one.
constexpr size_t kMostColumns = 10'000;

struct Category {
  std::string text;   // "" is missing.
  size_t code = 0;    // Shifted by one: 0 is missing.
  int64_t count = 0;  // Training rows.
  bool rare = false;
};

// Those of the training rows in byte order, missing first if it stays so.
std::vector<Category> ListCategories(const FeatureFit& fit) {
  std::vector<Category> categories;
  if (fit.missing > 0 && !fit.filled) categories.push_back({"", 0, fit.missing});
  for (size_t code = 0; code < fit.counts.size(); ++code) {
    if (fit.counts[code] == 0) continue;
    const std::string& text = fit.column->categories[code];
    const bool fills = fit.filled && text == fit.plan.fill_category;
    categories.push_back({text, code + 1, fit.counts[code] + (fills ? fit.missing : 0)});
  }
  return categories;
}

class CategoryEncoder {
 public:
  CategoryEncoder(const Encode& step, const TrainingRows& training, FeatureFit* fit)
      : step_(step),
        training_(training),
        fit_(*fit),
        plan_(fit->plan),
        rows_(static_cast<double>(training.rows.size())),
        categories_(ListCategories(*fit)) {
    const double least = step.min_frequency < 1 ? step.min_frequency * rows_ : step.min_frequency;
    for (Category& category : categories_) {
      category.rare = static_cast<double>(category.count) < least;
      if (category.rare) rare_rows_ += category.count;
    }
  }

  Result<EncodedCategories> Run(EncodeMethod method) {
    if (method == EncodeMethod::kAuto) method = ChooseByCount();
    switch (method) {
      case EncodeMethod::kAuto: break;
      case EncodeMethod::kOneHot: return OneHot();
      case EncodeMethod::kRank: return Rank();
      case EncodeMethod::kFrequency: return Frequency();
      case EncodeMethod::kTarget: return ByTarget();
    }
    return EncodedCategories{};
  }

 private:
  EncodeMethod ChooseByCount() const {
    const auto frequent = std::ranges::count_if(categories_, [](const Category& category) {
      return !category.rare && !category.text.empty();
    });
    return frequent > step_.max_one_hot ? step_.high_cardinality : EncodeMethod::kOneHot;
  }

  Result<EncodedCategories> OneHot() {
    plan_.encoding = Encoding::kOneHot;
    for (const Category& category : categories_) {
      (category.rare ? plan_.infrequent : plan_.categories).push_back(category.text);
    }
    plan_.unknown_is_infrequent = step_.unknown_is_infrequent && !plan_.infrequent.empty();
    if (plan_.categories.size() <= kMostColumns) return EncodedCategories{};
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("one_hot would make {} columns of this feature",
                             FormatCount(std::ssize(plan_.categories))))
        .At(AtField(plan_.name))
        .Expected(fmt::format("at most {}", FormatCount(kMostColumns)))
        .Try("target or frequency for this column, or min_frequency");
  }

  Result<EncodedCategories> Rank() {
    std::vector<size_t> ranked;
    for (size_t i = 0; i < categories_.size(); ++i) {
      if (!categories_[i].rare && !categories_[i].text.empty()) ranked.push_back(i);
    }
    std::ranges::stable_sort(
        ranked, [&](size_t a, size_t b) { return categories_[a].count > categories_[b].count; });
    const bool any_rare = std::ranges::any_of(categories_, [](const Category& category) {
      return category.rare && !category.text.empty();
    });
    if (!any_rare) {
      // What has no values has no ranks.
      if (ranked.empty()) return OneHot();
      plan_.encoding = Encoding::kRank;
      for (const size_t i : ranked) plan_.categories.push_back(categories_[i].text);
      return EncodedCategories{};
    }
    const auto last = static_cast<float>(ranked.size() + 1);
    CategoryLookup& lookup = StartLookup("rank", step_.unknown_is_infrequent ? last : 0);
    lookup.values.assign(categories_.size(), last);
    for (size_t place = 0; place < ranked.size(); ++place) {
      lookup.values[ranked[place]] = static_cast<float>(place + 1);
    }
    if (categories_.front().text.empty()) lookup.values.front() = 0;
    return EncodedCategories{};
  }

  Result<EncodedCategories> Frequency() {
    const auto rare_share = static_cast<float>(static_cast<double>(rare_rows_) / rows_);
    CategoryLookup& lookup = StartLookup("frequency", step_.unknown_is_infrequent ? rare_share : 0);
    for (const Category& category : categories_) {
      const auto share = static_cast<float>(static_cast<double>(category.count) / rows_);
      lookup.values.push_back(category.rare ? rare_share : share);
    }
    return EncodedCategories{};
  }

  Result<EncodedCategories> ByTarget() {
    if (training_.target == nullptr) {
      return Error(ErrorCode::kInvalidInput,
                   "target encoding needs the target, which is not known here")
          .At(AtField("data.preprocessing_steps.encode"));
    }
    EncodedCategories encoded{.by_target = true, .groups = Group()};
    const std::vector<int32_t> groups = encoded.groups.OfRows(*fit_.column, training_.rows);
    for (int series = 0; series < TargetSeriesCount(*training_.target); ++series) {
      const SmoothedMeans means = SmoothMeans(groups, encoded.groups.count,
                                              TargetSeries(training_, series), step_.smoothing);
      const bool to_rare = step_.unknown_is_infrequent && rare_rows_ > 0;
      CategoryLookup& lookup =
          StartLookup(TargetSeriesLabel(*training_.target, series),
                      static_cast<float>(to_rare ? means.by_group.back() : means.overall));
      for (const Category& category : categories_) {
        const int32_t group = encoded.groups.by_code[category.code];
        lookup.values.push_back(static_cast<float>(means.by_group[static_cast<size_t>(group)]));
        if (std::isfinite(lookup.values.back())) continue;
        return Error(ErrorCode::kInvalidInput, "the target is too large for a model's float32")
            .At(AtField(plan_.name))
            .Try("another encoding of this column");
      }
    }
    return encoded;
  }

  // Rare categories are the last group.
  CategoryGroups Group() const {
    CategoryGroups groups;
    groups.by_code.assign(fit_.counts.size() + 1, -1);
    for (const Category& category : categories_) {
      if (!category.rare) groups.by_code[category.code] = groups.count++;
    }
    for (const Category& category : categories_) {
      if (category.rare) groups.by_code[category.code] = groups.count;
      // What fills missing values shares its group with them.
      if (fit_.filled && category.text == plan_.fill_category) {
        groups.by_code[0] = groups.by_code[category.code];
      }
    }
    if (rare_rows_ > 0) ++groups.count;
    return groups;
  }

  CategoryLookup& StartLookup(std::string label, float unknown) {
    plan_.encoding = Encoding::kLookup;
    if (plan_.lookups.empty()) {
      for (const Category& category : categories_) plan_.categories.push_back(category.text);
    }
    return plan_.lookups.emplace_back(
        CategoryLookup{.label = std::move(label), .values = {}, .unknown = unknown});
  }

  const Encode& step_;
  const TrainingRows& training_;
  const FeatureFit& fit_;
  FeaturePlan& plan_;
  double rows_;
  std::vector<Category> categories_;
  int64_t rare_rows_ = 0;
};

}  // namespace

std::vector<int32_t> CategoryGroups::OfRows(const Column& column,
                                            std::span<const int64_t> rows) const {
  std::vector<int32_t> groups;
  groups.reserve(rows.size());
  for (const int64_t row : rows) {
    const int32_t code = column.codes[static_cast<size_t>(row)];
    const bool missing =
        code == kMissingCode || column.categories[static_cast<size_t>(code)].empty();
    groups.push_back(by_code[missing ? 0 : static_cast<size_t>(code) + 1]);
  }
  return groups;
}

Result<EncodedCategories> EncodeCategories(const Encode& step, EncodeMethod method,
                                           const TrainingRows& training, FeatureFit* fit) {
  return CategoryEncoder(step, training, fit).Run(method);
}

}  // namespace slipway::data
