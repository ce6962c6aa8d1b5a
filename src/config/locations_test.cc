// Where stores and tables are, by what the configuration says.
#include <cstdlib>

#include "config/test_directory_internal.h"

namespace slipway::config {
namespace {

TEST(Locations, EmbeddedAndRemote) {
  Config config;
  config.project_directory = "/p";
  const auto artifacts = [&](const std::string& value) {
    config.artifact_store = value;
    return LocateArtifactStore(config);
  };
  EXPECT_EQ(artifacts("").uri, "");
  EXPECT_EQ(artifacts("local").uri, "");
  EXPECT_EQ(artifacts("local").key, "artifact_store");
  EXPECT_EQ(artifacts("./a").uri, "/p/./a");
  EXPECT_EQ(artifacts("/abs/a").uri, "/abs/a");
  EXPECT_EQ(artifacts("file:///abs/a").uri, "/abs/a");
  for (const std::string embedded : {"", "local", "a/b", "./a", "/a", "file:///a", "file://a"}) {
    EXPECT_TRUE(artifacts(embedded).embedded) << embedded;
  }
  for (const std::string remote :
       {"s3://bucket", "mlflow", "mlflow-staging", "mlflow://host", "https://host", "unknown"}) {
    EXPECT_FALSE(artifacts(remote).embedded) << remote;
    EXPECT_EQ(artifacts(remote).uri, remote);
    EXPECT_EQ(artifacts(remote).shown, remote);
  }
  for (const std::string slip :
       {"~/a", "~", "s3:/b", "https:/x", "file:/x", "s3//bucket", "://b/c", "localhost:5000/x"}) {
    EXPECT_FALSE(artifacts(slip).embedded) << slip;
  }
  for (const std::string odd : {"a//b", "./s3:/b", "/srv/a:b", "a/b:c", "s3/b"}) {
    EXPECT_TRUE(artifacts(odd).embedded) << odd;
  }
  config.stores = {{"team", "s3://bucket"}, {"disk", "/mnt/artifacts"}};
  EXPECT_EQ(artifacts("team").uri, "s3://bucket");
  EXPECT_FALSE(artifacts("team").embedded);
  EXPECT_EQ(artifacts("disk").uri, "/mnt/artifacts");
  EXPECT_TRUE(artifacts("disk").embedded);
}

TEST(Locations, ARemoteTableIsToldBeforeARunAndNotOnLoading) {
  const TestDirectory directory;
  LoadOptions options;
  const auto told = [&](const std::string& source) {
    std::string text = kMinimal;
    const std::string path = "data/train.csv";
    text.replace(text.find(path), path.size(), source);
    options.path = directory.Write("c.yaml", text);
    const Status status = CheckDataSource(LoadOk(options));
    return status.ok() ? "" : directory.WithoutPath(status.error().ToString());
  };
  setenv("SLIPWAY_TEST_BUCKET", "gs://hunter2", 1);
  const std::string rest =
      " is remote, and nothing that this build reads; expected a path, file:///PATH, "
      "s3://BUCKET/KEY or postgresql://HOST/DATABASE; try --data FILE";
  EXPECT_EQ(told("gs://bucket/x.csv"),
            "c.yaml:4:18: data.source_path: \"gs://bucket/x.csv\"" + rest);
  EXPECT_EQ(told("${SLIPWAY_TEST_BUCKET}/x"),
            "c.yaml:4:18: data.source_path: \"${SLIPWAY_TEST_BUCKET}/x\"" + rest);
  EXPECT_EQ(told("~/x.csv"),
            "c.yaml:4:18: data.source_path: \"~/x.csv\" names no file; expected a path, "
            "file:///PATH, s3://BUCKET/KEY or postgresql://HOST/DATABASE; try --data FILE");
  for (const std::string local :
       {"x.csv", "mlflow.csv", "local", "./a:b.csv", "file:///x.csv", "data/part-*.csv",
        "s3://bucket/x.csv", "postgresql://u@h/db?table=t", "postgresql+psycopg2://h/db",
        "postgres://h/db"}) {
    EXPECT_EQ(told(local), "");
  }
  options.data_path = "/data/x.csv";
  EXPECT_EQ(told("gs://bucket/x.csv"), "");
  options.path = ExamplePath();
  options.environment = "staging";
  options.data_path = "";
  EXPECT_TRUE(CheckDataSource(LoadOk(options)).ok());
  EXPECT_TRUE(CheckConfig(options).ok());
}

}  // namespace
}  // namespace slipway::config
