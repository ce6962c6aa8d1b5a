#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/foreign_graph_internal.h"
#include "model/foreign_graphs_testing_internal.h"

namespace slipway::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

Result<ForeignGraph> Read(const onnx::ModelProto& model, const Names& features = {}) {
  return ReadForeignGraph(model.SerializeAsString(), features);
}

std::string MessageOf(const onnx::ModelProto& model, const Names& features = {}) {
  const auto read = Read(model, features);
  return read.ok() ? "" : read.error().ToString();
}

TEST(ForeignGraph, TakesZipMapsAsTheMatrixThatTheyRepack) {
  const auto read = Read(SklearnClassifier(true), {"a", "b"});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("no", "yes"));
  EXPECT_FALSE(read->integer_labels);
  EXPECT_EQ(read->label, "label");
  EXPECT_THAT(read->scores, ElementsAre("probabilities"));
  onnx::ModelProto changed;
  ASSERT_TRUE(changed.ParseFromString(read->onnx));
  for (const onnx::NodeProto& node : changed.graph().node()) EXPECT_NE(node.op_type(), "ZipMap");
}

TEST(ForeignGraph, FindsTheClassesOfAClassifierWithoutAZipMap) {
  const onnx::ModelProto model = SklearnClassifier(false);
  const auto read = Read(model, {"a", "b"});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("no", "yes"));
  EXPECT_EQ(read->onnx, model.SerializeAsString()) << "nothing to change";
}

TEST(ForeignGraph, FindsTheListThatLabelsAreTakenFrom) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "x", onnx::TensorProto::DOUBLE, {-1});
  GraphBuilder builder(&graph, "");
  builder.AddInts("classes", {3, 5}, true);
  builder.AddNode("ArrayFeatureExtractor", {"classes", "best"}, "taken");
  builder.AddNode("Reshape", {"taken", "shape"}, "output_label");
  SetShape(*graph.add_output(), "output_label", onnx::TensorProto::INT64, {-1});
  SetShape(*graph.add_output(), "p", onnx::TensorProto::FLOAT, {-1, 2});
  const auto read = Read(model);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("3", "5"));
  EXPECT_TRUE(read->integer_labels);
}

TEST(ForeignGraph, TakesColumnsOfEitherRank) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "age", onnx::TensorProto::INT64, {-1, 1});
  SetShape(*graph.add_input(), "city", onnx::TensorProto::STRING, {-1});
  SetShape(*graph.add_output(), "variable", onnx::TensorProto::FLOAT, {-1, 1});
  const auto read = Read(model);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  ASSERT_EQ(read->fields.size(), 2U);
  EXPECT_EQ(read->fields[0].name, "age");
  EXPECT_TRUE(read->fields[0].integral);
  EXPECT_EQ(read->fields[1].type, data::ColumnType::kCategory);
  EXPECT_TRUE(read->fields[1].any_category);
  EXPECT_TRUE(read->regression());
  EXPECT_EQ(read->value, "variable");
}

TEST(ForeignGraph, AMatrixIsNamedByTheGraphOrWhoAsks) {
  EXPECT_THAT(MessageOf(Passing("logits", 2)),
              HasSubstr("its input 'x' is a matrix of 2 columns that it does not name"));
  EXPECT_THAT(MessageOf(Passing("logits", 2), {"a"}), HasSubstr("and 1 are named"));
  EXPECT_THAT(MessageOf(Passing("logits", 2), {"a", "a"}), HasSubstr("the same name"));
  onnx::ModelProto model = Passing("logits", 2);
  SetMetadata(&model, "feature_names", R"(["width", "height"])");
  const auto read = Read(model, {"a", "b"});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->fields[0].name, "width");
  EXPECT_EQ(read->fields[1].name, "height");
}

TEST(ForeignGraph, LogitsAreThoseOfThatName) {
  const auto numbered = Read(Passing("logits", 3), {"a", "b", "c"});
  ASSERT_TRUE(numbered.ok()) << numbered.error().ToString();
  EXPECT_EQ(numbered->form, ScoreForm::kLogits);
  EXPECT_THAT(numbered->classes, ElementsAre("0", "1", "2"));
  EXPECT_TRUE(numbered->integer_labels);

  onnx::ModelProto named = Passing("probabilities", 2);
  SetMetadata(&named, "classes", R"(["no", "yes"])");
  const auto read = Read(named, {"a", "b"});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->form, ScoreForm::kProbability);
  EXPECT_THAT(read->classes, ElementsAre("no", "yes"));
  EXPECT_FALSE(read->integer_labels);
  EXPECT_TRUE(read->label.empty());

  EXPECT_THAT(MessageOf(Passing("out", 2), {"a", "b"}),
              HasSubstr("what its output 'out' means is not known"));
}

// The names stand for the numbers, whose label then is that of the highest score.
TEST(ForeignGraph, NamesThatItIsToldGoBeforeTheNumbersOfItsLabel) {
  onnx::ModelProto model = Passing("probabilities", 2);
  SetShape(*model.mutable_graph()->add_output(), "label", onnx::TensorProto::INT64, {-1});
  SetMetadata(&model, "classes", R"(["no", "yes"])");
  const auto read = Read(model, {"a", "b"});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("no", "yes"));
  EXPECT_FALSE(read->integer_labels);
  EXPECT_TRUE(read->label.empty());
}

TEST(ForeignGraph, OutputsThatAreNamedByClassAreTakenInTheOrderThatItIsTold) {
  onnx::ModelProto model = ScoreAClass({"no", "yes", "so"});
  EXPECT_THAT(Read(model)->classes, ElementsAre("no", "yes", "so"));
  SetMetadata(&model, "classes", R"(["so", "no", "yes"])");
  const auto read = Read(model);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("so", "no", "yes"));
  EXPECT_THAT(read->scores, ElementsAre("probability_so", "probability_no", "probability_yes"));
}

TEST(ForeignGraph, AnOutputForEachClassAndAClassForEachOutput) {
  const auto message = [](const Names& outputs, const char* classes) {
    onnx::ModelProto model = ScoreAClass(outputs);
    SetMetadata(&model, "classes", classes);
    return MessageOf(model);
  };
  EXPECT_EQ(message({"0", "1"}, R"(["no", "yes"])"), "") << "names for numbers";
  EXPECT_THAT(message({"0", "1", "2"}, R"(["no", "yes"])"),
              HasSubstr("3 scores a row for 2 classes"));
  EXPECT_THAT(message({"a", "b", "c"}, R"(["no", "yes"])"),
              HasSubstr("the classes in its metadata are [no, yes], and its own are [a, b, c]"));
  EXPECT_THAT(message({"a", "b"}, R"(["no", "yes"])"), HasSubstr("its own are [a, b]"));
  EXPECT_EQ(message({"yes"}, R"(["no", "yes"])"), "") << "a single score is that of the second";
  EXPECT_THAT(message({"no"}, R"(["no", "yes"])"), HasSubstr("its own are [no]"));
}

// The columns of a matrix stay where they are: another order would swap what they mean.
TEST(ForeignGraph, RefusesItsOwnClassesInAnotherOrder) {
  for (const bool zip_map : {false, true}) {
    onnx::ModelProto model = SklearnClassifier(zip_map);
    SetMetadata(&model, "classes", R"(["yes", "no"])");
    EXPECT_THAT(MessageOf(model, {"a", "b"}),
                HasSubstr("the classes in its metadata are [yes, no], and its own are [no, yes]"));
    model.clear_metadata_props();
    SetMetadata(&model, "classes", R"(["no", "yes"])");
    EXPECT_EQ(MessageOf(model, {"a", "b"}), "");
  }
}

TEST(ForeignGraph, RefusesWeightsInAnotherFile) {
  const auto expect_refused = [](const onnx::ModelProto& model) {
    EXPECT_THAT(MessageOf(model, {"a", "b"}), HasSubstr("its weights are in another file"));
  };
  const auto outside = onnx::TensorProto::EXTERNAL;
  onnx::ModelProto model = Passing("logits", 2);
  model.mutable_graph()->add_initializer()->set_data_location(outside);
  expect_refused(model);
  model = Passing("logits", 2);
  model.mutable_graph()->add_sparse_initializer()->mutable_values()->set_data_location(outside);
  expect_refused(model);
  model = Passing("logits", 2);
  onnx::AttributeProto& branch = *model.mutable_graph()->mutable_node(0)->add_attribute();
  branch.mutable_g()->add_initializer()->set_data_location(outside);
  expect_refused(model);
  model = Passing("logits", 2);
  onnx::AttributeProto& list = *model.mutable_graph()->mutable_node(0)->add_attribute();
  list.add_tensors()->set_data_location(outside);
  expect_refused(model);
  model = Passing("logits", 2);
  onnx::NodeProto& node = *model.add_functions()->add_node();
  node.add_attribute()->mutable_t()->set_data_location(outside);
  expect_refused(model);
}

TEST(ForeignGraph, RefusesGraphsThatAreNestedTooDeeplyToLookInto) {
  onnx::ModelProto model = Passing("logits", 2);
  onnx::NodeProto* node = model.mutable_graph()->mutable_node(0);
  for (int depth = 0; depth < 16; ++depth) {
    node = node->add_attribute()->mutable_g()->add_node();
  }
  EXPECT_EQ(MessageOf(model, {"a", "b"}), "");
  node->add_attribute()->mutable_g()->add_node();
  EXPECT_THAT(MessageOf(model, {"a", "b"}), HasSubstr("graphs in graphs, more than 16 deep"));
}

TEST(ForeignGraph, OneLogitIsThatOfTheSecondOfTwo) {
  const auto read = Read(Passing("logits", 1));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(read->classes, ElementsAre("0", "1"));
}

TEST(ForeignGraph, SaysWhatOfAGraphIsNoModelOfATable) {
  EXPECT_EQ(MessageOf(onnx::ModelProto()),
            "not an ONNX model; expected the bytes of an ONNX ModelProto");

  onnx::ModelProto images = EmptyModel();
  SetShape(*images.mutable_graph()->add_input(), "image", onnx::TensorProto::FLOAT, {-1, 3, 8, 8});
  EXPECT_THAT(MessageOf(images), HasSubstr("'image' has element type 1 and 4 dimensions"));

  onnx::ModelProto batch = EmptyModel();
  SetShape(*batch.mutable_graph()->add_input(), "x", onnx::TensorProto::FLOAT, {32, 4});
  EXPECT_THAT(MessageOf(batch), HasSubstr("'x' takes 32 rows, no more and no fewer"));

  onnx::ModelProto mixed = Passing("logits", 2);
  SetShape(*mixed.mutable_graph()->add_input(), "y", onnx::TensorProto::FLOAT, {-1});
  EXPECT_THAT(MessageOf(mixed, {"a", "b"}), HasSubstr("a matrix beside other inputs"));

  onnx::ModelProto silent = Passing("logits", 2);
  silent.mutable_graph()->clear_output();
  EXPECT_THAT(MessageOf(silent, {"a", "b"}), HasSubstr("no probabilities and no number"));

  onnx::ModelProto classless = Passing("p", 2);
  SetShape(*classless.mutable_graph()->add_output(), "l", onnx::TensorProto::INT64, {-1});
  EXPECT_THAT(MessageOf(classless, {"a", "b"}), HasSubstr("does not say which classes"));

  onnx::ModelProto short_list = Passing("logits", 3);
  SetMetadata(&short_list, "classes", R"(["no", "yes"])");
  EXPECT_THAT(MessageOf(short_list, {"a", "b", "c"}), HasSubstr("3 scores a row for 2 classes"));

  onnx::ModelProto no_list = Passing("logits", 2);
  SetMetadata(&no_list, "classes", "no,yes");
  EXPECT_THAT(MessageOf(no_list, {"a", "b"}), HasSubstr("metadata 'classes' is 'no,yes'"));
}

}  // namespace
}  // namespace slipway::model
