#include "config/fields_internal.h"

namespace slipway::config {
namespace {

std::vector<Field> TrainingFields() {
  const Range positive = {.min = 0, .above_min = true};
  return {
      {.key = "model.training_config", .kind = Kind::kSection, .about = "How it is trained."},
      {SLIPWAY_KEY(model.training_config.cross_validation), .kind = Kind::kInteger,
       .about = "Folds of cross-validation; 0 for none, else at least 2.",
       .range = {.min = 0, .max = 1000}},
      {SLIPWAY_KEY(model.training_config.early_stopping), .kind = Kind::kBoolean,
       .about =
           "Ends a fit that makes no more progress: boosting by held-out rows, a forest by rows "
           "that its trees did not draw."},
      {SLIPWAY_KEY(model.training_config.hyperparameter_tuning), .kind = Kind::kBoolean,
       .about = "Looks for good hyper-parameters by successive halving before training."},
      {SLIPWAY_KEY(model.search_space), .kind = Kind::kMapping,
       .about = "Hyper-parameter → a list of values to try, or {low, high, log}; where absent the "
                "trainer's own."},
      {.key = "model.search",
       .kind = Kind::kSection,
       .about = "Bounds of the search.",
       .fill = false},
      {SLIPWAY_KEY(model.search.trials), .kind = Kind::kInteger, .about = "Most trials.",
       .range = {.min = 1, .max = 10'000}},
      {SLIPWAY_KEY(model.search.seconds), .kind = Kind::kNumber, .about = "Longest time.",
       .range = positive},
      {SLIPWAY_KEY(model.search.metric), .kind = Kind::kChoice,
       .about = "What trials are judged by; where absent auc, or r2 of a regression.",
       .values = &Metrics()},
      {.key = "model.onnx",
       .kind = Kind::kSection,
       .about = "The graph of `model_type: onnx`.",
       .fill = false},
      {SLIPWAY_KEY(model.onnx.path), .about = "The ONNX file, from the project's folder.",
       .required = true},
      {.key = "model.command",
       .kind = Kind::kSection,
       .about = "The program of `model_type: command`, which trains and writes an ONNX file.",
       .fill = false},
      {SLIPWAY_KEY(model.command.run),
       .about = "The command line, for a shell in the project's folder.", .required = true},
      {SLIPWAY_KEY(model.command.folder),
       .about = "The program's folder, whose content the model is known by; where absent that of "
                "the file which `run` names."},
      {SLIPWAY_KEY(model.command.timeout_seconds), .kind = Kind::kNumber,
       .about = "Longest time of one fit.", .range = positive},
      {SLIPWAY_KEY(model.command.memory), .kind = Kind::kQuantity,
       .about = "Most address space of each of its processes."},
  };
}

std::vector<Field> AnswerFields() {
  const Range price = {.min = 0};
  return {
      {SLIPWAY_KEY(model.calibration), .kind = Kind::kChoice,
       .about =
           "Makes scores probabilities, inside the graph, by what held-out rows show: those of "
           "the folds, else the validation part. Classification only; where absent none.",
       .values = &Calibrations()},
      {SLIPWAY_KEY(model.decision_threshold), .kind = Kind::kThreshold,
       .about = "The positive class's probability from which on it is the label, of two classes; "
                "where absent the label is the more probable class.",
       .range = {.min = 0, .max = 1}},
      {.key = "model.decision_threshold.maximize",
       .kind = Kind::kChoice,
       .about = "What the threshold is best at, on the rows that calibration takes.",
       .values = &ThresholdGoals(),
       .required = true},
      {.key = "model.decision_threshold.cost",
       .kind = Kind::kSection,
       .about = "Prices of mistakes, for `maximize: cost`.",
       .fill = false},
      {.key = "model.decision_threshold.cost.false_positive",
       .kind = Kind::kNumber,
       .about = "Of taking the other class for the positive one.",
       .range = price,
       .required = true},
      {.key = "model.decision_threshold.cost.false_negative",
       .kind = Kind::kNumber,
       .about = "Of missing the positive class.",
       .range = price,
       .required = true},
  };
}

std::vector<Field> CardFields() {
  return {
      {.key = "model.card",
       .kind = Kind::kSection,
       .about = "What people say of the model, for its card.",
       .fill = false,
       .stage = "report"},
      {SLIPWAY_KEY(model.card.description), .about = "What the model does, in a sentence or two."},
      {SLIPWAY_KEY(model.card.intended_use),
       .about = "Who should use it, for what, and for what not."},
      {SLIPWAY_KEY(model.card.limitations), .about = "Where it is known to be wrong or unfair."},
      {SLIPWAY_KEY(model.card.owners), .shape = Shape::kList, .about = "Who answers for it."},
      {SLIPWAY_KEY(model.card.license), .about = "Under which terms it may be used."},
  };
}

std::vector<Field> GateFields() {
  const Range positive = {.min = 0, .above_min = true};
  const Range share = {.min = 0, .max = 1};
  return {
      {.key = "model.gates",
       .kind = Kind::kSection,
       .about = "What a model must pass besides `performance_thresholds`.",
       .stage = "gates"},
      {SLIPWAY_KEY(model.gates.single_latency_seconds), .kind = Kind::kNumber,
       .about = "Longest time of one prediction.", .range = positive},
      {SLIPWAY_KEY(model.gates.batch_latency_seconds), .kind = Kind::kNumber,
       .about = "Longest mean time of a row in a batch.", .range = positive},
      {SLIPWAY_KEY(model.gates.max_size_mb), .kind = Kind::kNumber,
       .about = "Largest artifact, in 10^6 bytes.", .range = positive},
      {SLIPWAY_KEY(model.gates.parity), .kind = Kind::kBoolean,
       .about = "The model loaded again must predict the same."},
      {SLIPWAY_KEY(model.gates.beats_baseline), .kind = Kind::kBoolean,
       .about = "It must be better than always the most frequent class, or the mean."},
      {SLIPWAY_KEY(model.gates.lower_bound), .kind = Kind::kBoolean,
       .about = "Holds `performance_thresholds` against the worse end of the 95 % interval instead "
                "of the figure."},
      {SLIPWAY_KEY(model.gates.max_train_test_gap), .kind = Kind::kNumber,
       .about =
           "How much worse accuracy, or r2, may be on the test part than on the training part.",
       .range = share},
      {SLIPWAY_KEY(model.gates.slice_floor), .kind = Kind::kNumber, .shape = Shape::kMap,
       .about = "Metric → the value that it must reach on each slice of `model.slices.columns`.",
       .keys = &Metrics()},
      {SLIPWAY_KEY(model.gates.group_gap), .kind = Kind::kSection, .shape = Shape::kList,
       .about = "How far a metric may lie apart between the groups that a column makes."},
      {.key = "model.gates.group_gap.column",
       .about = "The column, a feature or not.",
       .required = true},
      {.key = "model.gates.group_gap.metric",
       .kind = Kind::kChoice,
       .about = "What is compared.",
       .values = &GroupMetrics(),
       .required = true},
      {.key = "model.gates.group_gap.max",
       .kind = Kind::kNumber,
       .about = "The largest gap.",
       .range = {.min = 0},
       .required = true},
      {.key = "model.gates.robustness",
       .kind = Kind::kSection,
       .about = "What the model must answer soundly: missing, extreme and unknown values."},
      {SLIPWAY_KEY(model.gates.robustness.enabled), .kind = Kind::kBoolean,
       .about = "Whether it is asked."},
      {SLIPWAY_KEY(model.gates.robustness.max_drop), .kind = Kind::kNumber,
       .about = "How much accuracy, or r2, may fall where values are missing at random.",
       .range = share},
      {SLIPWAY_KEY(model.gates.robustness.missing_share), .kind = Kind::kNumber,
       .about = "Share of the values that are missing then.", .range = share},
      {.key = "model.gates.leakage",
       .kind = Kind::kSection,
       .about = "What would make the test part's figures too good; asked where a limit is set."},
      {SLIPWAY_KEY(model.gates.leakage.max_association), .kind = Kind::kNumber,
       .about = "The most that one feature may tell of the target, as a share of what is unknown "
                "of it.",
       .range = share},
      {SLIPWAY_KEY(model.gates.leakage.max_shared_rows), .kind = Kind::kNumber,
       .about = "The largest share of test rows that equal a training row.", .range = share},
      {.key = "model.gates.production",
       .kind = Kind::kSection,
       .about = "Comparison with the version in production, where there is one."},
      {SLIPWAY_KEY(model.gates.production.margin), .kind = Kind::kNumber,
       .about = "How much worse it may be.", .range = share},
      {SLIPWAY_KEY(model.gates.production.confidence), .kind = Kind::kNumber,
       .about = "Confidence of the comparison.", .range = {.min = 0.5, .max = 0.9999}},
      {SLIPWAY_KEY(model.gates.dry_run), .kind = Kind::kChoice, .shape = Shape::kList,
       .about = "Gates that are reported and never fail a run.", .values = &GateNames()},
  };
}

std::vector<Field> SliceFields() {
  return {
      {.key = "model.slices",
       .kind = Kind::kSection,
       .about = "Parts of the test part that are judged by themselves.",
       .fill = false,
       .stage = "evaluate"},
      {SLIPWAY_KEY(model.slices.columns), .shape = Shape::kList,
       .about = "Columns, features or not, whose values or ranges are slices."},
      {SLIPWAY_KEY(model.slices.search), .kind = Kind::kBoolean,
       .about = "Looks for the worst slices by one feature or two."},
      {SLIPWAY_KEY(model.slices.min_rows), .kind = Kind::kInteger,
       .about = "Rows that a slice needs to decide anything.", .range = {.min = 2, .max = 1e9}},
      {.key = "model.permutation_importance",
       .kind = Kind::kSection,
       .about = "How much worse the model is on the test part when a feature is shuffled.",
       .fill = false,
       .stage = "evaluate"},
      {SLIPWAY_KEY(model.permutation_importance.repeats), .kind = Kind::kInteger,
       .about = "Shuffles of each feature; 0 for none, 5 are usual.",
       .range = {.min = 0, .max = 1000}},
      {SLIPWAY_KEY(model.permutation_importance.rows), .kind = Kind::kInteger,
       .about = "Test rows at most, evenly spread.", .range = {.min = 2, .max = 1e9}},
      {SLIPWAY_KEY(model.permutation_importance.metric), .kind = Kind::kChoice,
       .about = "The metric that falls; where absent auc, or r2 of numbers.", .values = &Metrics()},
  };
}

}  // namespace

std::vector<Field> ModelFields() {
  std::vector<Field> fields = {
      {.key = "model", .kind = Kind::kSection, .about = "What to train.", .stage = "train"},
      {SLIPWAY_KEY(model.model_type), .kind = Kind::kChoice, .about = "The trainer.",
       .values = &ModelTypes(), .required = true},
      {SLIPWAY_KEY(model.name),
       .about = "The model's name in the registry; where absent "
                "`project_name`.",
       .stage = "register"},
      {SLIPWAY_KEY(model.task), .kind = Kind::kChoice, .about = "What is predicted.",
       .values = &Tasks()},
      {SLIPWAY_KEY(model.averaging), .kind = Kind::kChoice,
       .about = "How precision, recall and f1 are averaged over classes.", .values = &Averagings(),
       .stage = "evaluate"},
      {SLIPWAY_KEY(model.class_weight), .kind = Kind::kClassWeight,
       .about = "Weights of the rows by class: `balanced`, or label → weight."},
      {SLIPWAY_KEY(model.hyperparameters), .kind = Kind::kMapping,
       .about = "By scikit-learn's names; the trainer checks names and values."},
  };
  for (auto* part : {&TrainingFields, &AnswerFields}) {
    for (Field& field : part()) fields.push_back(std::move(field));
  }
  const std::vector<Field> metrics = {
      {SLIPWAY_KEY(model.evaluation_metrics), .kind = Kind::kChoice, .shape = Shape::kList,
       .about = "Metrics to show; where absent all.", .values = &Metrics(), .stage = "evaluate"},
      {SLIPWAY_KEY(model.performance_thresholds), .kind = Kind::kNumber, .shape = Shape::kMap,
       .about = "Metric → the value it must reach on the test part.", .keys = &Metrics(),
       .stage = "gates"},
  };
  fields.insert(fields.end(), metrics.begin(), metrics.end());
  for (auto* part : {&SliceFields, &GateFields, &CardFields}) {
    for (Field& field : part()) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace slipway::config
