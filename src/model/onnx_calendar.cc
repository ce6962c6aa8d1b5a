#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "model/onnx_calendar_internal.h"

namespace slipway::model {
namespace {

using data::TimeForm;
using data::TimePart;

// The values of one input that several of its parts share are made once.
class CalendarNodes {
 public:
  CalendarNodes(GraphBuilder& builder, std::string input, int number)
      : builder_(builder), input_(std::move(input)), number_(number) {
    for (const onnx::NodeProto& node : builder.graph().node()) made_.insert(node.output(0));
  }

  std::string Value(data::TimeFeature feature) {
    const data::TimePartName& part = data::NameOf(feature.part);
    const std::string name = data::NameOf(feature);
    if (feature.form == TimeForm::kPlain) {
      const std::string number =
          Cast(name + " in double", Part(feature.part), onnx::TensorProto::DOUBLE);
      return IfValid(name, number);
    }
    const std::string index = part.first == 0
                                  ? Part(feature.part)
                                  : Op("Sub", name + " index", Part(feature.part), Int(part.first));
    const std::string table =
        builder_.SharedDoubles(name, data::CircleTable(feature.form, part.period));
    return IfValid(name, Op("Gather", name + " point", table, index));
  }

 private:
  std::string NameOf(const std::string& name) const {
    return builder_.Internal(fmt::format("time_{} {}", number_, name));
  }
  std::string Int(int64_t value) { return builder_.SharedInt(value); }

  // Adds the node unless it is there.
  std::string Node(const char* op, const std::string& name,
                   std::initializer_list<std::string> inputs) {
    std::string output = NameOf(name);
    if (made_.insert(output).second) builder_.AddNode(op, inputs, output);
    return output;
  }
  std::string Op(const char* op, const std::string& name, const std::string& a,
                 const std::string& b) {
    return Node(op, name, {a, b});
  }
  std::string Divide(const std::string& name, const std::string& value, int64_t by) {
    return Op("Div", name, value, Int(by));
  }
  std::string Modulo(const std::string& name, const std::string& value, int64_t by) {
    return Op("Mod", name, value, Int(by));
  }
  std::string Cast(const std::string& name, const std::string& value,
                   onnx::TensorProto::DataType type) {
    std::string output = NameOf(name);
    if (made_.insert(output).second) {
      GraphBuilder::SetInt(builder_.AddNode("Cast", {value}, output), "to", type);
    }
    return output;
  }

  // Is the time within the years 1 to 9999? Nothing that follows can then leave its range.
  std::string Valid() {
    const std::string from =
        Op("GreaterOrEqual", "from", input_, builder_.SharedDouble("first_time", data::kFirstTime));
    const std::string before =
        Op("Less", "before", input_, builder_.SharedDouble("last_time", data::kFirstTimeAfter));
    return Op("And", "valid", from, before);
  }
  std::string IfValid(const std::string& name, const std::string& value) {
    const std::string missing =
        builder_.SharedDouble("no_time", std::numeric_limits<double>::quiet_NaN());
    return Node("Where", name, {Valid(), value, missing});
  }

  // Whole seconds since 0000-03-01: positive, so that dividing cuts off downwards.
  std::string Seconds() {
    const std::string valid =
        Node("Where", "within", {Valid(), input_, builder_.SharedDouble("epoch", 0)});
    const std::string whole =
        Cast("whole", Node("Floor", "floor", {valid}), onnx::TensorProto::INT64);
    return Op("Add", "seconds", whole, Int(int64_t{719'468} * 86'400));
  }
  std::string Days() { return Divide("days", Seconds(), 86'400); }
  std::string SecondOfDay() { return Modulo("second of day", Seconds(), 86'400); }
  std::string Era() { return Divide("era", Days(), 146'097); }
  std::string YearOfEra() {
    const std::string day = Modulo("day of era", Days(), 146'097);
    const std::string less = Op("Sub", "day of era 1", day, Divide("fours", day, 1'460));
    const std::string more = Op("Add", "day of era 2", less, Divide("hundreds", day, 36'524));
    const std::string last = Op("Sub", "day of era 3", more, Divide("eras", day, 146'096));
    return Divide("year of era", last, 365);
  }
  std::string DayFromMarch() {
    const std::string day = Modulo("day of era", Days(), 146'097);
    const std::string year = YearOfEra();
    const std::string plain = Op("Mul", "plain days", year, Int(365));
    const std::string leap = Op("Add", "leap days 1", plain, Divide("year fours", year, 4));
    const std::string before = Op("Sub", "leap days 2", leap, Divide("year hundreds", year, 100));
    return Op("Sub", "day from March", day, before);
  }
  std::string MonthFromMarch() {
    const std::string five = Op("Mul", "five days", DayFromMarch(), Int(5));
    return Divide("month from March", Op("Add", "five days 2", five, Int(2)), 153);
  }
  std::string DayOfMonth() {
    const std::string days = Op("Mul", "month days", MonthFromMarch(), Int(153));
    const std::string before = Divide("month days 3", Op("Add", "month days 2", days, Int(2)), 5);
    return Op("Add", "day of month", Op("Sub", "day of month 0", DayFromMarch(), before), Int(1));
  }
  std::string Month() {
    const std::string turned =
        Modulo("month 0", Op("Add", "month turned", MonthFromMarch(), Int(2)), 12);
    return Op("Add", "month number", turned, Int(1));
  }
  std::string Year() {
    const std::string eras = Op("Mul", "era years", Era(), Int(400));
    const std::string march = Op("Add", "March year", YearOfEra(), eras);
    return Op("Add", "year number", march, Divide("new year", MonthFromMarch(), 10));
  }
  std::string DayOfYear() {
    const std::string before = Op("Sub", "last year", Year(), Int(1));
    const std::string plain = Op("Mul", "years 1", before, Int(365));
    const std::string fours = Op("Add", "years 2", plain, Divide("years by 4", before, 4));
    const std::string hundreds = Op("Sub", "years 3", fours, Divide("years by 100", before, 100));
    const std::string eras = Op("Add", "years 4", hundreds, Divide("years by 400", before, 400));
    const std::string first = Op("Add", "years 5", eras, Int(305));
    return Op("Sub", "day of year", Days(), first);
  }
  std::string DayOfWeek() {
    return Modulo("day of week", Op("Add", "week days", Days(), Int(2)), 7);
  }

  std::string Part(TimePart part) {
    switch (part) {
      case TimePart::kSeconds: break;
      case TimePart::kYear: return Year();
      case TimePart::kQuarter:
        return Divide("quarter number", Op("Add", "quarter 0", Month(), Int(2)), 3);
      case TimePart::kMonth: return Month();
      case TimePart::kDayOfMonth: return DayOfMonth();
      case TimePart::kDayOfYear: return DayOfYear();
      case TimePart::kDayOfWeek: return DayOfWeek();
      case TimePart::kIsWeekend: return Divide("weekend", DayOfWeek(), 5);
      case TimePart::kHour: return Divide("hour number", SecondOfDay(), 3'600);
      case TimePart::kMinute:
        return Divide("minute number", Modulo("second of hour", SecondOfDay(), 3'600), 60);
    }
    return Seconds();
  }

  GraphBuilder& builder_;
  std::string input_;
  int number_;
  std::set<std::string> made_;
};

// Two values with the same nodes, attributes and constants behind them, from one input.
class SameNodes {
 public:
  SameNodes(const GraphView& a, const GraphView& b, const std::string& input)
      : a_(a), b_(b), input_(input) {}

  bool Compare(const std::string& a, const std::string& b) {
    if ((a == input_) || (b == input_)) return a == b;
    if (!same_.emplace(a, b).second) return true;
    const onnx::NodeProto* node = a_.NodeOf(a);
    const onnx::NodeProto* other = b_.NodeOf(b);
    if (node == nullptr || other == nullptr) {
      return node == nullptr && other == nullptr && SameConstant(a, b);
    }
    if (node->op_type() != other->op_type() || node->domain() != other->domain() ||
        node->input_size() != other->input_size() || !SameAttributes(*node, *other)) {
      return false;
    }
    for (int i = 0; i < node->input_size(); ++i) {
      if (!Compare(node->input(i), other->input(i))) return false;
    }
    return true;
  }

 private:
  // The only attribute of such nodes is an integer; one that a node of either has and the other has
  // not is a default, or something else.
  static bool SameAttributes(const onnx::NodeProto& node, const onnx::NodeProto& other) {
    if (node.attribute_size() != other.attribute_size()) return false;
    for (int i = 0; i < node.attribute_size(); ++i) {
      const onnx::AttributeProto& attribute = node.attribute(i);
      if (attribute.name() != other.attribute(i).name() ||
          attribute.type() != other.attribute(i).type() ||
          attribute.i() != other.attribute(i).i()) {
        return false;
      }
    }
    return true;
  }

  bool SameConstant(const std::string& a, const std::string& b) const {
    const auto ints = a_.Ints(a);
    const auto other_ints = b_.Ints(b);
    if (ints.ok() || other_ints.ok()) return ints.ok() && other_ints.ok() && *ints == *other_ints;
    const auto doubles = a_.Doubles(a);
    const auto other_doubles = b_.Doubles(b);
    if (!doubles.ok() || !other_doubles.ok() || doubles->size() != other_doubles->size()) {
      return false;
    }
    for (size_t i = 0; i < doubles->size(); ++i) {
      const double x = (*doubles)[i];
      const double y = (*other_doubles)[i];
      // Mathematics libraries differ in a sine's last digit.
      constexpr double kLastDigit = 4e-16;
      const bool same = std::isnan(x) ? std::isnan(y) : std::abs(x - y) <= kLastDigit;
      if (!same) return false;
    }
    return true;
  }

  const GraphView& a_;
  const GraphView& b_;
  const std::string& input_;
  std::set<std::pair<std::string, std::string>> same_;
};

// The input that a time's value comes from: each node's first operand that is no constant, after
// the condition of a Where, leads to it.
std::string InputOf(const GraphView& view, std::string value) {
  // A graph of unknown origin may go round in circles.
  constexpr int kLongestWay = 100;
  for (int step = 0; step < kLongestWay; ++step) {
    const onnx::NodeProto* node = view.NodeOf(value);
    if (node == nullptr || node->input_size() == 0) break;
    value = node->input(0);
  }
  return value;
}

}  // namespace

std::string AddTimeFeature(GraphBuilder& builder, const std::string& input, int number,
                           data::TimeFeature feature) {
  return CalendarNodes(builder, input, number).Value(feature);
}

std::optional<TimeOfInput> ReadTimeFeature(const GraphView& view, const std::string& value) {
  // value = Where(valid, …): the condition's first operand leads to the input, whatever the part.
  const std::string input = InputOf(view, value);
  std::string prefix = "expected/";
  while (input.starts_with(prefix)) prefix.insert(prefix.begin(), '_');
  for (const data::TimePartName& part : data::kTimeParts) {
    if (part.part == TimePart::kSeconds) continue;
    for (const TimeForm form : {TimeForm::kPlain, TimeForm::kSine, TimeForm::kCosine}) {
      if (form != TimeForm::kPlain && part.period == 0) continue;
      onnx::GraphProto expected;
      GraphBuilder builder(&expected, prefix);
      const data::TimeFeature feature{part.part, form};
      const std::string like = AddTimeFeature(builder, input, 0, feature);
      const auto expected_view = GraphView::Make(expected);
      if (!expected_view.ok()) continue;
      if (SameNodes(view, *expected_view, input).Compare(value, like)) {
        return TimeOfInput{input, feature};
      }
    }
  }
  return std::nullopt;
}

}  // namespace slipway::model
