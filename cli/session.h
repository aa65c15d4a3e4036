// Session: what the parsed command line asks for: one action, and the settings given as flags.
//
// Every setting of the configuration is a flag: --wal-batch-bytes 1MiB, or its short name where it
// has one (--wal-mode, --memtable, --compaction, --compression, --memory-limit). --preset and
// --config FILE give the base; an existing database brings its own.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "quiver/database.h"

namespace quiver::cli {

class Session {
 public:
  /// Adds --preset, --config and a flag a setting to a verb.
  void AddSettingFlags(CLI::App& verb);
  /// Sets what a verb does once the command line is parsed. The result is the exit code.
  void SetAction(CLI::App& verb, std::function<int()> action);

  /// The configuration that flags, files and preset make over `base`.
  Result<DatabaseConfig> ConfigOver(const DatabaseConfig& base) const;
  /// Opens for writing. An existing database keeps its stored settings unless a flag or a preset
  /// says otherwise.
  Result<std::unique_ptr<Database>> OpenForWriting(const std::filesystem::path& directory,
                                                   bool create) const;

  int Run() const { return action_(); }

 private:
  std::string preset_;
  std::string config_file_;
  std::map<std::string, std::string> settings_;  ///< setting name to text
  std::function<int()> action_;
};

/// Each adds the verbs of one group.
void AddDataVerbs(CLI::App& app, Session& session);      // put get delete scan
void AddTransferVerbs(CLI::App& app, Session& session);  // load dump
void AddAdminVerbs(CLI::App& app, Session& session);   // stats verify repair inspect compact flush
void AddConfigVerbs(CLI::App& app, Session& session);  // config show|check|presets
void AddBenchVerb(CLI::App& app, Session& session);    // bench
void AddDemoVerb(CLI::App& app, Session& session);     // demo

}  // namespace quiver::cli
