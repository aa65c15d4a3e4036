// keyspace list, keyspace create, keyspace drop.
#include <memory>

#include "confirm.h"
#include "exit_code.h"
#include "output.h"
#include "quiver/admin.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct KeyspaceOptions {
  std::string directory;
  std::string name;
  bool yes = false;  ///< of drop
};

int RunList(const KeyspaceOptions& options) {
  auto database = OpenForReading(options.directory);
  if (!database) return Fail(database.error());
  const auto keyspaces = (*database)->ListKeyspaces();
  if (!keyspaces) return Fail(keyspaces.error());
  for (const Keyspace& keyspace : *keyspaces) {
    if (!Print(EscapeBytes(keyspace.name()) + "\n")) return kFailed;
  }
  return kDone;
}

// The settings of the command line are those of the keyspace; the database keeps its own.
int RunCreate(const Session& session, const KeyspaceOptions& options) {
  const auto stored = Database::StoredConfig(options.directory);
  const bool absent = !stored && stored.error().code() == ErrorCode::kNotFound;
  if (!stored && !absent) return Fail(stored.error());
  DatabaseConfig base = absent ? Balanced() : *stored;
  base.store_settings = false;
  const auto config = session.ConfigOver(base);
  if (!config) return Fail(config.error());
  auto database = Database::Open(options.directory, base);
  if (!database) return Fail(database.error());
  PrintRecovery((*database)->recovery_report());
  if (const auto made = (*database)->CreateKeyspace(options.name, *config); !made) {
    return Fail(made.error());
  }
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

Result<std::string> DescribeDrop(const KeyspaceOptions& options) {
  RowRange all;
  all.directory = options.directory;
  all.keyspace = options.name;
  const auto rows = CountedRows(all);
  if (!rows) return rows.error();
  return "drop keyspace \"" + EscapeBytes(options.name) + "\" of " + options.directory + " with " +
         *rows;
}

int RunDrop(const Session& session, const KeyspaceOptions& options) {
  const int asked =
      Confirm(options.yes, "keyspace drop", [&options] { return DescribeDrop(options); });
  if (asked != kDone) return asked;
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  const auto keyspace = (*database)->OpenKeyspace(options.name);
  if (!keyspace) return Fail(keyspace.error());
  if (const auto done = (*database)->DropKeyspace(*keyspace); !done) return Fail(done.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

}  // namespace

void AddKeyspaceVerbs(CLI::App& app, Session& session) {
  CLI::App* keyspace = app.add_subcommand("keyspace", "List, make and drop keyspaces");
  keyspace->require_subcommand(1);

  auto list_options = std::make_shared<KeyspaceOptions>();
  CLI::App* list = keyspace->add_subcommand("list", "Print the names, in order of creation");
  list->add_option("dir", list_options->directory, "Directory of the database")->required();
  session.SetAction(*list, [list_options] { return RunList(*list_options); });

  auto create_options = std::make_shared<KeyspaceOptions>();
  CLI::App* create = keyspace->add_subcommand(
      "create", "Make a keyspace; settings given are its own, the rest is as the database's");
  create->add_option("dir", create_options->directory, "Directory of the database")->required();
  create->add_option("name", create_options->name, "Name of the keyspace")->required();
  session.AddSettingFlags(*create);
  session.SetAction(*create,
                    [&session, create_options] { return RunCreate(session, *create_options); });

  auto drop_options = std::make_shared<KeyspaceOptions>();
  CLI::App* drop =
      keyspace->add_subcommand("drop", "Delete a keyspace with all its keys, at once and for good");
  drop->add_option("dir", drop_options->directory, "Directory of the database")->required();
  drop->add_option("name", drop_options->name, "Name of the keyspace")->required();
  AddYesFlag(*drop, drop_options->yes);
  session.SetAction(*drop, [&session, drop_options] { return RunDrop(session, *drop_options); });
}

}  // namespace quiver::cli
