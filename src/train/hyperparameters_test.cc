// What holds of every trainer's table.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file_system.h"
#include "core/source_folder.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

TEST(Hyperparameters, EveryDocumentedFallbackIsAccepted) {
  for (const std::string& name : TrainerNames()) {
    const std::unique_ptr<Trainer> trainer = *MakeTrainer(name);
    EXPECT_EQ(trainer->name(), name);
    for (const HyperparameterDoc& doc : trainer->hyperparameters()) {
      const Json value =
          Json::accept(doc.fallback) ? Json::parse(doc.fallback) : Json(doc.fallback);
      const Status accepted = trainer->CheckHyperparameters(Json{{doc.name, value}});
      EXPECT_TRUE(accepted.ok()) << name << ", " << doc.name;
      EXPECT_FALSE(doc.meaning.empty());
    }
    EXPECT_TRUE(trainer->CheckHyperparameters(nullptr).ok());
    EXPECT_FALSE(trainer->CheckHyperparameters(Json::array()).ok());
  }
}

TEST(Hyperparameters, TheManualListsThem) {
  const auto manual = LocalFileSystem().ReadFile(SourceFolder() + "/docs/models.md");
  ASSERT_TRUE(manual.ok());
  for (const std::string& name : TrainerNames()) {
    std::string table = "| name | type | default | meaning |\n|---|---|---|---|\n";
    for (const HyperparameterDoc& doc : (*MakeTrainer(name))->hyperparameters())
      table +=
          fmt::format("| `{}` | {} | `{}` | {} |\n", doc.name, doc.type, doc.fallback, doc.meaning);
    EXPECT_NE(manual->find(table), std::string::npos) << "expected in docs/models.md:\n" << table;
  }
}

}  // namespace
}  // namespace slipway::train
