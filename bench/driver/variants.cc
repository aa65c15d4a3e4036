#include "driver/variants.h"

#include <algorithm>

#include "quiver/config.h"
#include "report.h"

namespace quiver::bench {

namespace {

std::string_view AllocatorNote(Allocator allocator) {
  switch (allocator) {
    case Allocator::kSystem: return "";
    case Allocator::kJemalloc: return "; jemalloc";
    case Allocator::kJemallocHugePages: return "; jemalloc with transparent huge pages";
  }
  return "";
}

Variant VariantOf(const EngineKind& kind, const EngineOptions& options, Allocator allocator) {
  Variant variant;
  variant.allocator = allocator;
  variant.program = kind.program;
  variant.facts = {.name = kind.name,
                   .kind = kind.name,
                   .title = kind.title,
                   .version = kind.version,
                   .note = kind.note,
                   .options = kind.describe(options) + std::string(AllocatorNote(allocator)),
                   .assertions = kind.built_with_assertions};
  return variant;
}

// Engines whose memory comes from malloc get huge pages. RocksDB, whose makers compare without,
// also runs without; the build of a distribution beside a better one runs once, at its best.
std::vector<Variant> OfEngines(const EngineOptions& options) {
  const Allocator plain = JemallocAvailable() ? Allocator::kJemalloc : Allocator::kSystem;
  const Allocator best = HugePagesAvailable() ? Allocator::kJemallocHugePages : plain;
  std::vector<Variant> variants;
  for (const EngineKind& kind : AllEngineKinds()) {
    if (!kind.gains_from_malloc) {
      variants.push_back(VariantOf(kind, options, Allocator::kSystem));
    } else if (!kind.program.empty()) {
      variants.push_back(VariantOf(kind, options, best));
      variants.back().facts.name += "-packaged";
    } else if (kind.name == "rocksdb" && best != plain) {
      variants.push_back(VariantOf(kind, options, plain));
      variants.push_back(VariantOf(kind, options, best));
      variants.back().facts.name += "+thp";
      variants.back().facts.title += ", huge pages";
    } else {
      variants.push_back(VariantOf(kind, options, best));
    }
  }
  return variants;
}

std::vector<Variant> OfSetting(const std::string& name, EngineOptions options) {
  const EngineKind kind = QuiverEngineKind();
  std::vector<Variant> variants;
  for (const SettingInfo& setting : ConfigTable()) {
    if (setting.name != name) continue;
    for (const std::string_view choice : setting.choices) {
      options.settings = {{name, std::string(choice)}};
      variants.push_back(VariantOf(kind, options, Allocator::kSystem));
      variants.back().facts.name = choice;
      variants.back().facts.title = choice;
      variants.back().settings = name + "=" + std::string(choice);
    }
  }
  return variants;
}

}  // namespace

EngineOptions OptionsFor(const Dataset& dataset, const std::string& directory, double scale) {
  EngineOptions options;
  options.directory = directory;
  options.data_bytes = dataset.data_bytes();
  options.cache_bytes = dataset.cache_bytes;
  constexpr double kLeastBytes = 1 << 20;
  options.memtable_bytes = static_cast<std::uint64_t>(
      std::clamp(static_cast<double>(options.memtable_bytes) * scale, kLeastBytes,
                 static_cast<double>(options.memtable_bytes)));
  options.larger_than_memory = dataset.memory_limit_bytes != 0;
  return options;
}

std::vector<Variant> VariantsOf(const Plan& plan, const std::vector<std::string>& wanted) {
  const auto dataset = DatasetNamed("S", plan.scale);
  const EngineOptions options = OptionsFor(*dataset, "", plan.scale);
  std::vector<Variant> variants =
      plan.setting.empty() ? OfEngines(options) : OfSetting(plan.setting, options);
  std::erase_if(variants, [&](const Variant& variant) {
    return !wanted.empty() &&
           std::find(wanted.begin(), wanted.end(), variant.facts.name) == wanted.end();
  });
  return variants;
}

std::vector<std::pair<std::string, std::string>> SettingsFrom(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const std::string& part : SplitList(text)) {
    const std::size_t middle = part.find('=');
    if (middle == std::string::npos) Fail("--set wants name=value,…, not '" + part + "'");
    settings.emplace_back(part.substr(0, middle), part.substr(middle + 1));
  }
  return settings;
}

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    if (end != start) parts.push_back(list.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace quiver::bench
