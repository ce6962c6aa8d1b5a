#include <algorithm>
#include <cmath>

#include "model/onnx_calibration_internal.h"
#include "model/score_link_internal.h"

namespace slipway::model {
namespace {

bool AllFinite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

// Sigmoid(Add(Mul(scores, slopes), intercepts)).
Result<ReadCalibrated> ReadSigmoid(const GraphView& view, const onnx::NodeProto& sum) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* product, view.Producer(sum.input(0), "Mul", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> slopes, view.Doubles(product->input(1)));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> intercepts, view.Doubles(sum.input(1)));
  if (slopes.size() != intercepts.size() || !AllFinite(slopes) || !AllFinite(intercepts))
    return CannotRun(*product, "without a finite slope and intercept for each score");
  ReadCalibrated read;
  read.raw = product->input(0);
  auto& curves = read.calibration.curves.emplace<std::vector<SigmoidCurve>>();
  for (size_t i = 0; i < slopes.size(); ++i) curves.push_back({slopes[i], intercepts[i]});
  return read;
}

struct Search {
  std::vector<int64_t> first;  // Of each curve, the place of its first knot.
  int64_t size = 1;            // Places a curve.
  std::string knot_scores;     // Where steps were taken.
};

// Where(GreaterOrEqual(scores, Gather(knots, next)), next, knot) with next = Add(knot, step), the
// last of which makes a step of 1 and the first of half the curve.
Result<Search> ReadSearch(const GraphView& view, std::string knot, const std::string& scores) {
  Search search;
  while (view.OperatorOf(knot) == "Where") {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* choose, view.Producer(knot, "Where", 3));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* reaches,
                             view.Producer(choose->input(0), "GreaterOrEqual", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* at,
                             view.Producer(reaches->input(1), "Gather", 2));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*at).CheckInt("axis", 0, 0));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* next,
                             view.Producer(choose->input(1), "Add", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> step, view.Ints(next->input(1)));
    const bool same = search.knot_scores.empty() || search.knot_scores == at->input(0);
    if (step != std::vector<int64_t>{search.size} || !same || reaches->input(0) != scores ||
        at->input(1) != choose->input(1) || next->input(0) != choose->input(2)) {
      return CannotRun(*choose, "that is no step of a search among knots");
    }
    constexpr int64_t kMost = int64_t{1} << 40;
    if (search.size > kMost) return CannotRun(*choose, "among that many knots");
    search.knot_scores = at->input(0);
    search.size *= 2;
    knot = choose->input(2);
  }
  SLIPWAY_ASSIGN_OR_RETURN(search.first, view.Ints(knot));
  return search;
}

// A list of `size` numbers a curve, gathered at `knot`.
struct KnotList {
  std::string name;
  std::vector<double> values;
};
Result<KnotList> ReadKnotList(const GraphView& view, const std::string& found,
                              const std::string& knot) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node, view.Producer(found, "Gather", 2));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*node).CheckInt("axis", 0, 0));
  if (node->input(1) != knot) return CannotRun(*node, "at another knot than its neighbours");
  KnotList list{node->input(0), {}};
  SLIPWAY_ASSIGN_OR_RETURN(list.values, view.Doubles(node->input(0)));
  return list;
}

// The curve without what fills it up; nothing where scores do not rise or numbers are not finite.
std::optional<IsotonicCurve> CurveOf(std::span<const double> scores,
                                     std::span<const double> probabilities,
                                     std::span<const double> slopes) {
  size_t knots = scores.size();
  while (knots > 1 && scores[knots - 1] == scores[knots - 2]) --knots;
  IsotonicCurve curve{
      {scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(knots)},
      {probabilities.begin(), probabilities.begin() + static_cast<std::ptrdiff_t>(knots)}};
  const bool rises =
      std::ranges::adjacent_find(curve.scores, std::ranges::greater_equal()) == curve.scores.end();
  if (!rises || !AllFinite(curve.scores) || !AllFinite(curve.probabilities)) return std::nullopt;
  IsotonicTable table(curve);
  if (!AllFinite(table.slopes)) return std::nullopt;
  table.slopes.resize(slopes.size());
  const bool flat_after = std::ranges::all_of(
      probabilities.subspan(knots), [&](double value) { return value == probabilities.back(); });
  if (!flat_after || !std::ranges::equal(table.slopes, slopes)) return std::nullopt;
  return curve;
}

// Add(probability, Mul(Sub(scores, knot's score), slope)), scores = Max(raw, lowest).
Result<ReadCalibrated> ReadIsotonic(const GraphView& view, const onnx::NodeProto& sum) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* rise, view.Producer(sum.input(1), "Mul", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* past, view.Producer(rise->input(0), "Sub", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* start, view.Producer(sum.input(0), "Gather", 2));
  const std::string& scores = past->input(0);
  const std::string& knot = start->input(1);
  SLIPWAY_ASSIGN_OR_RETURN(const KnotList from, ReadKnotList(view, past->input(1), knot));
  SLIPWAY_ASSIGN_OR_RETURN(const KnotList slopes, ReadKnotList(view, rise->input(1), knot));
  SLIPWAY_ASSIGN_OR_RETURN(const KnotList starts, ReadKnotList(view, sum.input(0), knot));
  SLIPWAY_ASSIGN_OR_RETURN(const Search search, ReadSearch(view, knot, scores));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* clip, view.Producer(scores, "Max", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> lowest, view.Doubles(clip->input(1)));
  const auto size = static_cast<size_t>(search.size);
  const size_t curves = search.first.size();
  bool usable = lowest.size() == curves && from.values.size() == size * curves &&
                slopes.values.size() == from.values.size() &&
                starts.values.size() == from.values.size() &&
                (search.knot_scores.empty() || search.knot_scores == from.name);
  ReadCalibrated read;
  read.raw = clip->input(0);
  auto& all = read.calibration.curves.emplace<std::vector<IsotonicCurve>>();
  for (size_t i = 0; usable && i < curves; ++i) {
    const auto part = [&](const KnotList& list) {
      return std::span(list.values).subspan(i * size, size);
    };
    const auto curve = CurveOf(part(from), part(starts), part(slopes));
    usable = curve && search.first[i] == static_cast<int64_t>(i * size) &&
             lowest[i] == from.values[i * size];
    if (usable) all.push_back(*curve);
  }
  if (!usable) return CannotRun(*start, "of other knots than those of rising curves");
  return read;
}

Result<ReadCalibrated> ReadCurves(const GraphView& view, const std::string& calibrated) {
  if (view.OperatorOf(calibrated) == "Sigmoid") {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node, view.Producer(calibrated, "Sigmoid", 1));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sum, view.Producer(node->input(0), "Add", 2));
    return ReadSigmoid(view, *sum);
  }
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sum, view.Producer(calibrated, "Add", 2));
  return ReadIsotonic(view, *sum);
}

// Where(Equal(total, 0), 1 / classes, Div(calibrated, total)), total = ReduceSum(calibrated).
Result<std::string> ReadShares(const GraphView& view, const std::string& probabilities,
                               double* equal_share) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* choose, view.Producer(probabilities, "Where", 3));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* none,
                           view.Producer(choose->input(0), "Equal", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* divide,
                           view.Producer(choose->input(2), "Div", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sum,
                           view.Producer(divide->input(1), "ReduceSum", 2));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*sum).CheckInt("keepdims", 1, 1));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*sum).CheckInt("noop_with_empty_axes", 0, 0));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, view.Ints(sum->input(1)));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> zero, view.Doubles(none->input(1)));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> equal, view.Doubles(choose->input(1)));
  if (axes != std::vector<int64_t>{1} || zero != std::vector<double>{0} || equal.size() != 1 ||
      none->input(0) != divide->input(1) || sum->input(0) != divide->input(0)) {
    return CannotRun(*choose, "that is no division by a row's sum");
  }
  *equal_share = equal.front();
  return divide->input(0);
}

// The second of both raw scores, where there are two.
Status ReadSecondScore(const GraphView& view, ReadCalibrated* read) {
  read->link = Link::kLogit;
  if (view.OperatorOf(read->raw) != "Gather") return {};
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* gather, view.Producer(read->raw, "Gather", 2));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*gather).CheckInt("axis", 0, 1));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> index, view.Ints(gather->input(1)));
  if (index != std::vector<int64_t>{1})
    return CannotRun(*gather, "of another class than the second");
  read->raw = gather->input(0);
  read->link = Link::kProbability;
  return {};
}

// A sigmoid of a raw score is the link of log odds, and of a product by element a calibration.
bool IsLink(const GraphView& view, const std::string& second) {
  if (view.OperatorOf(second) != "Sigmoid") return false;
  const onnx::NodeProto* sigmoid = view.NodeOf(second);
  const onnx::NodeProto* sum = sigmoid == nullptr ? nullptr : view.NodeOf(sigmoid->input(0));
  return sum == nullptr || sum->op_type() != "Add" || view.OperatorOf(sum->input(0)) != "Mul";
}

}  // namespace

Result<std::string> ReadBothClasses(const GraphView& view, const std::string& probabilities) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* join, view.Producer(probabilities, "Concat", 2));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*join).CheckInt("axis", 0, 1));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* rest, view.Producer(join->input(0), "Sub", 2));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> one, view.Doubles(rest->input(0)));
  if (one != std::vector<double>{1} || rest->input(1) != join->input(1))
    return CannotRun(*join, "of other values than 1 - p and p");
  return join->input(1);
}

Result<std::optional<ReadCalibrated>> ReadCalibration(const GraphView& view,
                                                      const std::string& probabilities) {
  std::optional<ReadCalibrated> read;
  const std::string op = view.OperatorOf(probabilities);
  if (op == "Where") {
    double equal_share = 0;
    SLIPWAY_ASSIGN_OR_RETURN(const std::string calibrated,
                             ReadShares(view, probabilities, &equal_share));
    SLIPWAY_ASSIGN_OR_RETURN(read, ReadCurves(view, calibrated));
    const size_t classes = read->calibration.size();
    if (classes < 3 || equal_share != 1 / static_cast<double>(classes))
      return CannotRun("a graph with other equal shares than its classes");
    return read;
  }
  if (op != "Concat") return read;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string second, ReadBothClasses(view, probabilities));
  if (IsLink(view, second)) return read;
  SLIPWAY_ASSIGN_OR_RETURN(read, ReadCurves(view, second));
  if (read->calibration.size() != 1)
    return CannotRun("a graph with several curves for one probability");
  SLIPWAY_RETURN_IF_ERROR(ReadSecondScore(view, &*read));
  return read;
}

}  // namespace slipway::model
