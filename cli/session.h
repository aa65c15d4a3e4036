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
  /// The configuration that OpenForWriting uses: the stored settings, and above them those of this
  /// command line, for this open alone ('config set' is what stores). A database is created only if
  /// `create` and the settings allow it; then it keeps its first settings.
  Result<DatabaseConfig> ConfigForWriting(const std::filesystem::path& directory,
                                          bool create) const;
  /// Opens for writing and tells on standard error what recovery had to cut, skip or remove.
  Result<std::unique_ptr<Database>> OpenForWriting(const std::filesystem::path& directory,
                                                   bool create) const;

  /// True if the command line gives any setting.
  bool has_settings() const {
    return !preset_.empty() || !config_file_.empty() || !settings_.empty();
  }
  /// The settings given as flags, by name.
  const std::map<std::string, std::string>& settings() const { return settings_; }

  int Run() const { return action_(); }

 private:
  std::string preset_;
  std::string config_file_;
  std::map<std::string, std::string> settings_;  ///< setting name to text
  std::function<int()> action_;
};

/// Opens for reading. Where another process has the database open for writing, its newest state:
/// all that was acknowledged before the call, without a lock or a byte written (quiver/follower.h).
Result<std::shared_ptr<Database>> OpenForReading(const std::filesystem::path& directory);

/// Tells on standard error what an open cut, skipped or removed, a line each; nothing if nothing.
void PrintRecovery(const RecoveryReport& report);

/// A whole number as text, digits only, from `minimum` to `maximum`; else an explanation for
/// people.
Result<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t minimum,
                                  std::uint64_t maximum);

/// Adds an option that takes a whole number; anything else on the command line is a usage error.
template <typename Number>
CLI::Option* AddNumber(CLI::App& verb, const std::string& name, Number& target,
                       const std::string& sentence, std::uint64_t minimum, std::uint64_t maximum) {
  return verb
      .add_option_function<std::string>(
          name,
          [&target, minimum, maximum](const std::string& text) {
            if (const auto number = ParseNumber(text, minimum, maximum)) {
              target = static_cast<Number>(*number);
            }
          },
          sentence)
      ->check([minimum, maximum](const std::string& text) {
        const auto number = ParseNumber(text, minimum, maximum);
        return number ? std::string() : number.error().message();
      });
}

/// Each adds the verbs of one group.
void AddDataVerbs(CLI::App& app, Session& session);      // put get merge delete scan count
void AddTransferVerbs(CLI::App& app, Session& session);  // load dump
void AddAdminVerbs(CLI::App& app, Session& session);   // stats verify repair inspect compact flush
void AddCopyVerbs(CLI::App& app, Session& session);    // checkpoint backup files
void AddConfigVerbs(CLI::App& app, Session& session);  // config show|set|check|presets
void AddKeyspaceVerbs(CLI::App& app, Session& session);  // keyspace list|create|drop
void AddIngestVerbs(CLI::App& app, Session& session);    // import
void AddExportVerbs(CLI::App& app, Session& session);    // export sql
void AddBenchVerb(CLI::App& app, Session& session);      // bench
void AddDemoVerb(CLI::App& app, Session& session);       // demo

}  // namespace quiver::cli
