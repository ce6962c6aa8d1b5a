set(stage_sources
  feature_measure.cc feature_selection.cc json.cc json_reading.cc messages.cc outlier_removal.cc
  preprocessing.cc preprocessing_fit.cc preprocessing_json.cc preprocessing_options.cc profile.cc quantile.cc split.cc
  split_groups.cc split_table.cc target.cc validation.cc validation_duplicates.cc validation_features.cc)
set(stage_tests
  json_test.cc preprocessing_fit_test.cc preprocessing_test.cc profile_test.cc quantile_test.cc split_test.cc
  target_test.cc validation_test.cc)
