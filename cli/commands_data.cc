// put, get, delete, scan.
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "bytes_text.h"
#include "exit_code.h"
#include "input.h"
#include "output.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct DataOptions {
  std::string directory;
  std::string key;
  std::string value;
  bool hex = false;
};

struct ScanOptions {
  std::string directory;
  std::string prefix, from, to;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool reverse = false;
  bool json = false;
  bool hex = false;
  bool keys_only = false;
};

Result<void> CheckWidth(const char* what, std::size_t bytes, std::uint32_t width_bytes) {
  if (width_bytes == 0 || bytes == width_bytes) return {};
  return Error(ErrorCode::kInvalidArgument, "the " + std::string(what) + " has " +
                                                std::to_string(bytes) + " bytes, but " + what +
                                                "_width_bytes is " + std::to_string(width_bytes));
}

// What Put would refuse, asked before the open: a refused put must not leave a new database behind.
Result<void> CheckRow(const DatabaseConfig& config, std::string_view key, std::string_view value) {
  WriteBatch limits;
  if (const auto fits = limits.Put(key, value); !fits) return fits;
  if (const auto fits = CheckWidth("key", key.size(), config.key_width_bytes); !fits) return fits;
  return CheckWidth("value", value.size(), config.value_width_bytes);
}

Result<std::string> ValueArgument(const DataOptions& options) {
  if (options.value != "-") return BytesArgument(options.value, options.hex);
  auto input = Input::Open("-");
  if (!input) return input.error();
  return input->ReadAll(kValueBytesMax);
}

int RunPut(const Session& session, const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  const auto value = ValueArgument(options);
  if (!value) return Fail(value.error()), options.value == "-" ? kFailed : kUsage;
  const auto config = session.ConfigForWriting(options.directory, /*create=*/true);
  if (!config) return Fail(config.error());
  if (const auto fits = CheckRow(*config, *key, *value); !fits) return Fail(fits.error());
  auto database = session.OpenForWriting(options.directory, /*create=*/true);
  if (!database) return Fail(database.error());
  if (const auto put = (*database)->Put(*key, *value); !put) return Fail(put.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

int RunDelete(const Session& session, const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  if (const auto done = (*database)->Delete(*key); !done) return Fail(done.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

int RunGet(const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  auto database = Database::OpenReadOnly(options.directory);
  if (!database) return Fail(database.error());
  const auto value = (*database)->Get(*key);
  if (!value) return Fail(value.error());
  if (!*value) {
    std::fprintf(stderr, "quiver: no such key\n");
    return kNotFound;
  }
  Print((*value)->view());
  return kDone;
}

Result<IteratorOptions> Bounds(const ScanOptions& options) {
  IteratorOptions bounds;
  bounds.fill_cache = false;
  auto prefix = BytesArgument(options.prefix, options.hex);
  if (!prefix) return prefix.error();
  bounds.prefix = std::move(*prefix);
  if (!options.from.empty()) {
    auto from = BytesArgument(options.from, options.hex);
    if (!from) return from.error();
    bounds.lower_bound = std::move(*from);
  }
  if (!options.to.empty()) {
    auto to = BytesArgument(options.to, options.hex);
    if (!to) return to.error();
    bounds.upper_bound = std::move(*to);
  }
  return bounds;
}

int RunScan(const ScanOptions& options) {
  const auto bounds = Bounds(options);
  if (!bounds) return Fail(bounds.error()), kUsage;
  auto database = Database::OpenReadOnly(options.directory);
  if (!database) return Fail(database.error());
  auto rows = (*database)->NewIterator(*bounds);
  if (!rows) return Fail(rows.error());
  const Format format = options.json ? Format::kJson : options.hex ? Format::kHex : Format::kText;
  std::uint64_t left = options.limit;
  if (options.reverse) {
    rows->SeekToLast();
  } else {
    rows->SeekToFirst();
  }
  for (; rows->Valid() && left > 0; --left) {
    std::string line = FormatRow(rows->key(), rows->value(), format);
    if (options.keys_only && !options.json) line.resize(line.find('\t'));
    line.push_back('\n');
    if (!Print(line)) return kFailed;
    if (options.reverse) {
      rows->Prev();
    } else {
      rows->Next();
    }
  }
  if (const auto status = rows->status(); !status) return Fail(status.error());
  return kDone;
}

void AddKeyOptions(CLI::App& verb, DataOptions& options) {
  verb.add_option("dir", options.directory, "Directory of the database")->required();
  verb.add_option("key", options.key, "Key")->required();
  verb.add_flag("--hex", options.hex, "Key and value are hexadecimal");
}

void AddScan(CLI::App& app, Session& session) {
  auto options = std::make_shared<ScanOptions>();
  CLI::App* scan = app.add_subcommand("scan", "Print keys and values in order");
  scan->add_option("dir", options->directory, "Directory of the database")->required();
  scan->add_option("--prefix", options->prefix, "Only keys that start so");
  scan->add_option("--from", options->from, "First key, inclusive");
  scan->add_option("--to", options->to, "End, exclusive");
  AddNumber(*scan, "--limit", options->limit, "Print at most so many rows [no limit]", 0,
            std::numeric_limits<std::uint64_t>::max());
  scan->add_flag("--reverse", options->reverse, "Last key first");
  scan->add_flag("--keys-only", options->keys_only, "Without values");
  CLI::Option* hex = scan->add_flag("--hex", options->hex, "Bounds and output are hexadecimal");
  scan->add_flag("--json", options->json, "One JSON object a line")->excludes(hex);
  session.SetAction(*scan, [options] { return RunScan(*options); });
}

}  // namespace

void AddDataVerbs(CLI::App& app, Session& session) {
  auto put_options = std::make_shared<DataOptions>();
  CLI::App* put = app.add_subcommand("put", "Store a value; makes the database if absent");
  AddKeyOptions(*put, *put_options);
  put->add_option("value", put_options->value, "Value; - reads it from standard input")->required();
  session.AddSettingFlags(*put);
  session.SetAction(*put, [&session, put_options] { return RunPut(session, *put_options); });

  auto get_options = std::make_shared<DataOptions>();
  CLI::App* get = app.add_subcommand("get", "Write a key's bare value to standard output");
  AddKeyOptions(*get, *get_options);
  session.SetAction(*get, [get_options] { return RunGet(*get_options); });

  auto delete_options = std::make_shared<DataOptions>();
  CLI::App* remove = app.add_subcommand("delete", "Delete a key; an absent one is no error");
  AddKeyOptions(*remove, *delete_options);
  session.AddSettingFlags(*remove);
  session.SetAction(*remove,
                    [&session, delete_options] { return RunDelete(session, *delete_options); });
  AddScan(app, session);
}

}  // namespace quiver::cli
