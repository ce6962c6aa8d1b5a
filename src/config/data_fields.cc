#include "config/fields_internal.h"

namespace slipway::config {
namespace {

// Options have no defaults here: a step that is told nothing knows its own.
std::vector<Field> StepFields() {
  const std::string steps = "data.preprocessing_steps.";
  return {
      {SLIPWAY_KEY(data.preprocessing_steps), .kind = Kind::kStep, .shape = Shape::kList,
       .about =
           "Steps, done in this order and fitted on training rows only. A step is its name, or "
           "its name with options: `{handle_missing: {numeric: median}}`.",
       .values = &PreprocessingSteps(), .stage = "preprocessing"},
      {.key = steps + "handle_missing", .kind = Kind::kSection, .about = "Fills missing values."},
      {.key = steps + "handle_missing.numeric",
       .kind = Kind::kChoice,
       .about = "What fills numbers; `mean` unless given.",
       .values = &NumericFills()},
      {.key = steps + "handle_missing.fill_value",
       .kind = Kind::kNumber,
       .about = "The number of `numeric: constant`; 0 unless given."},
      {.key = steps + "handle_missing.categorical",
       .kind = Kind::kChoice,
       .about = "What fills categories; `category` unless given.",
       .values = &CategoricalFills()},
      {.key = steps + "normalize", .kind = Kind::kSection, .about = "Brings numbers to one scale."},
      {.key = steps + "normalize.method",
       .kind = Kind::kChoice,
       .about = "Which; `standard` unless given.",
       .values = &NormalizeMethods()},
      {.key = steps + "feature_selection",
       .kind = Kind::kSection,
       .about = "Drops features that tell little, or what others tell already."},
      {.key = steps + "feature_selection.method",
       .kind = Kind::kChoice,
       .about = "How they are found; `variance` unless given.",
       .values = &SelectionMethods()},
      {.key = steps + "feature_selection.methods",
       .kind = Kind::kChoice,
       .shape = Shape::kList,
       .about = "Several methods in place of `method`, done in this order.",
       .values = &SelectionMethods()},
      {.key = steps + "feature_selection.min_variance",
       .kind = Kind::kNumber,
       .about = "Of `variance`: numeric features at or below it are dropped; 0 unless given.",
       .range = {.min = 0}},
      {.key = steps + "feature_selection.max_correlation",
       .kind = Kind::kNumber,
       .about =
           "Of `correlation`: a feature that goes with an earlier one more closely is dropped; "
           "0.95 unless given.",
       .range = {.min = 0, .max = 1}},
      {.key = steps + "feature_selection.k",
       .kind = Kind::kInteger,
       .about = "Of `f_test` and `mutual_information`: so many features with the best scores stay.",
       .range = {.min = 1}},
      {.key = steps + "feature_selection.min_score",
       .kind = Kind::kNumber,
       .about = "Of `f_test` and `mutual_information`: features with a lower score are dropped.",
       .range = {.min = 0}},
      {.key = steps + "outlier_removal",
       .kind = Kind::kSection,
       .about = "Leaves rows with outliers out of training."},
      {.key = steps + "outlier_removal.method",
       .kind = Kind::kChoice,
       .about = "How they are found; `iqr` unless given.",
       .values = &OutlierMethods()},
      {.key = steps + "outlier_removal.factor",
       .kind = Kind::kNumber,
       .about = "Interquartile ranges beyond the quartiles; 3 unless given.",
       .range = {.min = 0}},
  };
}

std::vector<Field> TimestampStepFields() {
  const std::string step = "data.preprocessing_steps.timestamp_features";
  return {
      {.key = step,
       .kind = Kind::kSection,
       .about = "Makes calendar features of timestamps, in UTC."},
      {.key = step + ".features",
       .kind = Kind::kChoice,
       .shape = Shape::kList,
       .about = "Which; `elapsed`, `month`, `day_of_month`, `day_of_week` and `hour` unless given.",
       .values = &TimeParts()},
      {.key = step + ".cyclic",
       .kind = Kind::kBoolean,
       .about = "`month`, `day_of_year`, `day_of_week`, `hour` and `minute` become a sine and a "
                "cosine each; false unless given."},
      {.key = step + ".columns",
       .kind = Kind::kChoice,
       .shape = Shape::kMapOfLists,
       .about = "Other features of single columns.",
       .values = &TimeParts()},
  };
}

std::vector<Field> EncodeStepFields() {
  const std::string step = "data.preprocessing_steps.encode";
  return {
      {.key = step, .kind = Kind::kSection, .about = "Chooses how categories become numbers."},
      {.key = step + ".method",
       .kind = Kind::kChoice,
       .about = "How; `auto` unless given.",
       .values = &EncodeMethods()},
      {.key = step + ".max_one_hot",
       .kind = Kind::kInteger,
       .about = "Of `auto`: features with more categories become what `high_cardinality` says; 64 "
                "unless given.",
       .range = {.min = 0}},
      {.key = step + ".high_cardinality",
       .kind = Kind::kChoice,
       .about = "Of `auto`, for many categories; `rank` unless given.",
       .values = &HighCardinalityMethods()},
      {.key = step + ".min_frequency",
       .kind = Kind::kNumber,
       .about = "Rarer categories are taken together: in rows from 1 on, below 1 as a share of the "
                "training rows; 0 unless given.",
       .range = {.min = 0}},
      {.key = step + ".unknown",
       .kind = Kind::kChoice,
       .about = "What a category is taken for that training did not have; `ignore` unless given.",
       .values = &UnknownCategories()},
      {.key = step + ".smoothing",
       .kind = Kind::kNumber,
       .about = "Of `target`: so many rows of the overall mean are added to each category; unless "
                "given it follows from the data.",
       .range = {.min = 0}},
      {.key = step + ".folds",
       .kind = Kind::kInteger,
       .about = "Of `target`: parts of the training rows, each encoded by the others; 5 unless "
                "given.",
       .range = {.min = 2}},
      {.key = step + ".columns",
       .kind = Kind::kChoice,
       .shape = Shape::kMap,
       .about = "Another method for single columns.",
       .values = &EncodeMethods()},
  };
}

std::vector<Field> SourceFields() {
  return {
      {.key = "data", .kind = Kind::kSection, .about = "What to learn from.", .stage = "data"},
      {SLIPWAY_KEY(data.source_path),
       .about = "The table: a file, a pattern or a folder, from the project's directory; or a URI.",
       .required = true},
      {SLIPWAY_KEY(data.snapshot), .kind = Kind::kBoolean,
       .about = "A run keeps the table's exact bytes in the artifact store, for `slipway data "
                "restore`.",
       .stage = "register"},
      {SLIPWAY_KEY(data.format), .kind = Kind::kChoice, .about = "How the table is written.",
       .values = &DataFormats()},
      {SLIPWAY_KEY(data.query),
       .about = "SQL whose rows are the table, where `data.source_path` is a PostgreSQL database."},
      {SLIPWAY_KEY(data.decimal), .kind = Kind::kChoice,
       .about = "What stands before the decimals of numbers in CSV and TSV.",
       .values = &DecimalMarks()},
      {SLIPWAY_KEY(data.missing_values), .kind = Kind::kLabel, .shape = Shape::kList,
       .about = "Texts that stand for a missing value, blanks around them left out."},
  };
}

std::vector<Field> ValidationFields() {
  const Range share = {.min = 0, .max = 1};
  return {
      {.key = "data.validation_rules",
       .kind = Kind::kSection,
       .about = "What the table must hold before anything is trained."},
      {SLIPWAY_KEY(data.validation_rules.min_rows), .kind = Kind::kInteger,
       .about = "Fewer rows are an error.", .range = {.min = 0}},
      {SLIPWAY_KEY(data.validation_rules.max_missing_ratio), .kind = Kind::kNumber,
       .about = "A larger share of missing values in a column is an error.", .range = share},
      {SLIPWAY_KEY(data.validation_rules.max_duplicate_ratio), .kind = Kind::kNumber,
       .about = "A larger share of rows that repeat an earlier one is an error.", .range = share},
      {SLIPWAY_KEY(data.validation_rules.max_outlier_ratio), .kind = Kind::kNumber,
       .about = "A larger share of values more than 3 interquartile ranges beyond the quartiles is "
                "an error.",
       .range = share},
      {SLIPWAY_KEY(data.validation_rules.max_association), .kind = Kind::kNumber,
       .about = "A feature that tells a larger share of the target by itself is an error: it gives "
                "the target away.",
       .range = share},
      {SLIPWAY_KEY(data.validation_rules.max_age_days), .kind = Kind::kNumber,
       .about = "An older newest value of `timestamp_column` is an error.", .range = {.min = 0}},
      {SLIPWAY_KEY(data.validation_rules.required_columns), .kind = Kind::kLabel,
       .shape = Shape::kList, .about = "Columns that must be there."},
  };
}

std::vector<Field> ColumnFields() {
  return {
      {SLIPWAY_KEY(data.feature_columns), .kind = Kind::kLabel, .shape = Shape::kList,
       .about = "Columns to learn from; where absent all but target, ids and excluded ones."},
      {SLIPWAY_KEY(data.target_column), .kind = Kind::kLabel, .about = "The column to predict.",
       .required = true},
      {SLIPWAY_KEY(data.exclude_columns), .kind = Kind::kLabel, .shape = Shape::kList,
       .about = "Columns that are not used."},
      {SLIPWAY_KEY(data.id_columns), .kind = Kind::kLabel, .shape = Shape::kList,
       .about = "Columns that name a row and are never learned from."},
      {SLIPWAY_KEY(data.categorical_columns), .kind = Kind::kLabel, .shape = Shape::kList,
       .about = "Columns that are categories although they hold numbers."},
      {SLIPWAY_KEY(data.timestamp_column), .kind = Kind::kLabel, .about = "A column of times."},
      {SLIPWAY_KEY(data.weight_column), .kind = Kind::kLabel,
       .about = "A column that says how much each row counts in training, from 0; no feature.",
       .stage = "train"},
      {SLIPWAY_KEY(data.positive_class), .kind = Kind::kLabel,
       .about = "The label that counts as positive; where absent 1, true, yes (any case), else the "
                "last label in order."},
      {SLIPWAY_KEY(data.schema),
       .about = "A file that says columns, types, ranges and rules between columns; \"A schema of "
                "your own\" in data.md has its format."},
  };
}

std::vector<Field> SplitFields() {
  const Range share = {.min = 0, .max = 1};
  const Range positive_share = {.min = 0, .max = 1, .above_min = true};
  return {
      {.key = "data.split",
       .kind = Kind::kSection,
       .about = "How rows are shared out; the three shares sum to 1.",
       .stage = "split"},
      {SLIPWAY_KEY(data.split.train), .kind = Kind::kNumber, .about = "Share to learn from.",
       .range = positive_share},
      {SLIPWAY_KEY(data.split.validation), .kind = Kind::kNumber, .about = "Share to tune on.",
       .range = share},
      {SLIPWAY_KEY(data.split.test), .kind = Kind::kNumber, .about = "Share to judge by.",
       .range = positive_share},
      {SLIPWAY_KEY(data.split.stratify), .kind = Kind::kBoolean,
       .about = "Keeps the shares of the classes in every part."},
      {SLIPWAY_KEY(data.split.seed), .kind = Kind::kInteger,
       .about = "Seed of the split; where absent `model.hyperparameters.random_state`.",
       .range = {.min = 0}},
      {SLIPWAY_KEY(data.split.group), .kind = Kind::kLabel,
       .about = "A column whose equal values stay in one part."},
      {SLIPWAY_KEY(data.split.time), .kind = Kind::kLabel,
       .about = "A column to order by: the oldest rows are learned from, the newest are the test."},
  };
}

std::vector<Field> DriftFields() {
  const Range positive_share = {.min = 0, .max = 1, .above_min = true};
  return {
      {.key = "data.drift",
       .kind = Kind::kSection,
       .about = "When a table counts as drifted.",
       .fill = false,
       .later = "data drift"},
      {SLIPWAY_KEY(data.drift.reference), .about = "The table to compare with."},
      {SLIPWAY_KEY(data.drift.alpha), .kind = Kind::kNumber,
       .about = "False discovery rate over all columns.", .range = positive_share},
      {SLIPWAY_KEY(data.drift.min_effect), .kind = Kind::kNumber,
       .about = "Smaller effects are no drift, however significant.", .range = {.min = 0}},
  };
}

}  // namespace

std::vector<Field> ProjectFields() {
  return {
      {SLIPWAY_KEY(project_name),
       .about = "Names the project and, unless `model.name` does, the model.", .required = true,
       .stage = "register"},
      {SLIPWAY_KEY(version), .kind = Kind::kLabel,
       .about = "A label of the model's versions, such as `1.0.0`.", .stage = "register"},
  };
}

std::vector<Field> DataFields() {
  std::vector<Field> fields;
  for (auto* part : {&SourceFields, &ValidationFields, &StepFields, &TimestampStepFields,
                     &EncodeStepFields, &ColumnFields, &SplitFields, &DriftFields}) {
    for (Field& field : part()) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace slipway::config
