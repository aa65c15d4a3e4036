#include "config/config_reference.h"

#include <gtest/gtest.h>

#include "quiver/config.h"
#include "testing/committed_page.h"

namespace quiver {
namespace {

TEST(ConfigReference, TheCommittedPageIsMadeFromTheTable) {
  testing::ExpectCommittedPage(PROJECT_SOURCE_DIR "/docs/configuration.md",
                               ConfigReferenceMarkdown());
}

TEST(ConfigReference, NamesEverySettingAndPreset) {
  const std::string page = ConfigReferenceMarkdown();
  for (const SettingInfo& info : ConfigTable()) {
    EXPECT_NE(page.find("| `" + std::string(info.name) + "` |"), std::string::npos) << info.name;
    EXPECT_NE(page.find(info.sentence), std::string::npos) << info.name;
  }
  for (const std::string_view name : PresetNames()) {
    EXPECT_NE(page.find("`" + std::string(name) + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace quiver
