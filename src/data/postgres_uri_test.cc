#include <gtest/gtest.h>

#include "data/postgres_uri_internal.h"

namespace slipway::data {
namespace {

TEST(PostgresUriTest, KnowsWhatIsADatabase) {
  for (const char* uri : {"postgresql://h/db", "postgres://h/db", "postgresql+psycopg2://h/db"}) {
    EXPECT_TRUE(IsPostgresUri(uri)) << uri;
  }
  for (const char* other : {"s3://b/k", "mysql://h/db", "postgresql", "postgresqlite://h/db", ""}) {
    EXPECT_FALSE(IsPostgresUri(other)) << other;
  }
}

TEST(PostgresUriTest, TakesTheTableOutOfTheOptions) {
  const PostgresUri uri =
      ParsePostgresUri("postgresql+psycopg://u@h:5433/db?sslmode=require&table=s.t%20x&a=b");
  EXPECT_EQ(uri.connection, "postgresql://u@h:5433/db?sslmode=require&a=b");
  EXPECT_EQ(uri.table, "s.t x");
  EXPECT_EQ(ParsePostgresUri("postgres:///db?table=t").connection, "postgresql:///db");
}

TEST(PostgresUriTest, ShowsNoPassword) {
  EXPECT_EQ(ParsePostgresUri("postgresql://u:p@ss:w@h/db?table=t").shown,
            "postgresql://u@h/db?table=t");
  EXPECT_EQ(ParsePostgresUri("postgresql://u:secret@h?password=x&sslpassword=y&user=z").shown,
            "postgresql://u@h?user=z");
  EXPECT_EQ(ParsePostgresUri("postgresql://h/d?pass%77ord=x&PASSWORD=y&a=b").shown,
            "postgresql://h/d?a=b");
  for (const char* secret : {"top/secret", "top?secret", "top#se", "p@ss/w#rd", "a?table=t@b"}) {
    const PostgresUri uri = ParsePostgresUri(std::string("postgresql://u:") + secret + "@h:1/db");
    EXPECT_EQ(uri.shown, "postgresql://u@h:1/db") << secret;
    EXPECT_TRUE(uri.ambiguous) << secret;
  }
  EXPECT_FALSE(ParsePostgresUri("postgresql://u:p%40ss@h/db").ambiguous);
  EXPECT_FALSE(ParsePostgresUri("postgresql://h/db?table=t").ambiguous);
  EXPECT_EQ(ParsePostgresUri("postgresql://h:5432/db").shown, "postgresql://h:5432/db");
}

TEST(PostgresUriTest, QuotesNames) {
  EXPECT_EQ(QuoteTable("public.My \"T\""), "\"public\".\"My \"\"T\"\"\"");
  EXPECT_EQ(QuoteTable("t"), "\"t\"");
}

}  // namespace
}  // namespace slipway::data
