// put, get, merge, delete, scan, count.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bytes_text.h"
#include "confirm.h"
#include "exit_code.h"
#include "input.h"
#include "keyspace_flag.h"
#include "output.h"
#include "quiver/admin.h"
#include "row_range.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct DataOptions {
  std::string directory;
  std::string key;
  std::string value;
  std::string keyspace;
  std::vector<std::string> range;  ///< of delete: first key and end
  std::uint64_t time_to_live_ms = 0;
  bool hex = false;
  bool yes = false;  ///< of delete
};

struct ScanOptions {
  RowRange range;
  bool reverse = false;
  bool json = false;
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
  // A keyspace is in no database that there is not, and has widths of its own.
  const bool in_default = options.keyspace.empty();
  const auto config = session.ConfigForWriting(options.directory, in_default);
  if (!config) return Fail(config.error());
  if (in_default) {
    if (const auto fits = CheckRow(*config, *key, *value); !fits) return Fail(fits.error());
  }
  auto database = session.OpenForWriting(options.directory, in_default);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const auto put = (*database)->Put(
      *key, *value, {.keyspace = keyspace->get(), .time_to_live_ms = options.time_to_live_ms});
  if (!put) return Fail(put.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

// What the keyspace's operator takes: a counter's operand is written in decimal.
Result<std::string> OperandArgument(const DataOptions& options, MergeOperatorKind kind) {
  if (kind != MergeOperatorKind::kAddInt64 || options.hex) return ValueArgument(options);
  std::int64_t number = 0;
  const std::string& text = options.value;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size()) return EncodeInt64(number);
  return Error(
      ErrorCode::kInvalidArgument,
      "'" + text + "' is not a 64-bit whole number, which merge_operator = add_int64 takes");
}

int RunMerge(const Session& session, const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const auto config = keyspace->get() == nullptr ? (*database)->config()
                                                 : (*database)->KeyspaceConfig(*keyspace->get());
  if (!config) return Fail(config.error());
  const auto operand = OperandArgument(options, config->merge_operator);
  if (!operand) return Fail(operand.error()), options.value == "-" ? kFailed : kUsage;
  const auto merged = (*database)->Merge(
      *key, *operand, {.keyspace = keyspace->get(), .time_to_live_ms = options.time_to_live_ms});
  if (!merged) return Fail(merged.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

// Empty if the range is: the database then answers.
Result<std::string> DescribeRange(const DataOptions& options, const std::string& begin,
                                  const std::string& end) {
  if (begin >= end) return std::string();
  RowRange range;
  range.directory = options.directory;
  range.keyspace = options.keyspace;
  range.from = options.range[0];
  range.to = options.range[1];
  range.hex = options.hex;
  const auto rows = CountedRows(range);
  if (!rows) return rows.error();
  const std::string keyspace = options.keyspace.empty() ? "default" : options.keyspace;
  return "delete " + *rows + " from \"" + EscapeBytes(begin) + "\" to before \"" +
         EscapeBytes(end) + "\" in keyspace \"" + EscapeBytes(keyspace) + "\" of " +
         options.directory;
}

int RunDelete(const Session& session, const DataOptions& options) {
  const auto key =
      BytesArgument(options.range.empty() ? options.key : options.range[0], options.hex);
  if (!key) return Fail(key.error()), kUsage;
  const auto end = BytesArgument(options.range.empty() ? "" : options.range[1], options.hex);
  if (!end) return Fail(end.error()), kUsage;
  const int asked = Confirm(options.yes || options.range.empty(), "delete --range",
                            [&] { return DescribeRange(options, *key, *end); });
  if (asked != kDone) return asked;
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const WriteOptions write{.keyspace = keyspace->get()};
  const auto done = options.range.empty() ? (*database)->Delete(*key, write)
                                          : (*database)->DeleteRange(*key, *end, write);
  if (!done) return Fail(done.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

int RunGet(const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  auto database = OpenForReading(options.directory);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const auto value = (*database)->Get(*key, {.keyspace = keyspace->get()});
  if (!value) return Fail(value.error());
  if (!*value) {
    std::fprintf(stderr, "quiver: no such key\n");
    return kNotFound;
  }
  Print((*value)->view());
  if (::isatty(STDOUT_FILENO) != 0) Print("\n");  // bare for programs; a prompt on its own line
  return kDone;
}

int RunScan(const ScanOptions& options) {
  auto bounds = BoundsOf(options.range);
  if (!bounds) return Fail(bounds.error()), kUsage;
  auto database = OpenForReading(options.range.directory);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.range.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  bounds->keyspace = keyspace->get();
  auto rows = (*database)->NewIterator(*bounds);
  if (!rows) return Fail(rows.error());
  const Format format = options.json        ? Format::kJson
                        : options.range.hex ? Format::kHex
                                            : Format::kText;
  std::uint64_t left = options.range.limit;
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

int RunCount(const RowRange& range) {
  if (const auto bounds = BoundsOf(range); !bounds) return Fail(bounds.error()), kUsage;
  const auto rows = ForEachRow(range, "counting", [](const Row&) { return Result<bool>(true); });
  if (!rows) return Fail(rows.error());
  return Print(std::to_string(*rows) + "\n") ? kDone : kFailed;
}

void AddKeyOptions(CLI::App& verb, DataOptions& options) {
  verb.add_option("dir", options.directory, "Directory of the database")->required();
  verb.add_option("key", options.key, "Key")->required();
  AddKeyspaceFlag(verb, options.keyspace);
  verb.add_flag("--hex", options.hex, "Key and value are hexadecimal");
}

void AddDelete(CLI::App& app, Session& session) {
  auto options = std::make_shared<DataOptions>();
  CLI::App* remove =
      app.add_subcommand("delete", "Delete a key or a range; what is absent is no error");
  remove->alias("del");
  remove->add_option("dir", options->directory, "Directory of the database")->required();
  CLI::Option* key = remove->add_option("key", options->key, "Key");
  CLI::Option* range = remove
                           ->add_option("--range", options->range,
                                        "Delete every key from the first, inclusive, to the second")
                           ->expected(2)
                           ->type_name("FROM TO")
                           ->excludes(key);
  AddKeyspaceFlag(*remove, options->keyspace);
  remove->add_flag("--hex", options->hex, "Keys are hexadecimal");
  AddYesFlag(*remove, options->yes);
  session.AddSettingFlags(*remove);
  session.SetAction(*remove, [&session, options, key, range] {
    if ((key->count() != 0) != (range->count() != 0)) return RunDelete(session, *options);
    std::fprintf(stderr, "quiver delete: needs a key or --range FROM TO\n");
    return kUsage;
  });
}

void AddCount(CLI::App& app, Session& session) {
  auto range = std::make_shared<RowRange>();
  CLI::App* count = app.add_subcommand("count", "Count the keys of a range");
  AddRowRange(*count, *range);
  count->add_flag("--hex", range->hex, "Bounds are hexadecimal");
  session.SetAction(*count, [range] { return RunCount(*range); });
}

void AddScan(CLI::App& app, Session& session) {
  auto options = std::make_shared<ScanOptions>();
  CLI::App* scan = app.add_subcommand("scan", "Print keys and values in order");
  AddRowRange(*scan, options->range);
  AddRowLimit(*scan, options->range);
  scan->add_flag("--reverse", options->reverse, "Last key first");
  scan->add_flag("--keys-only", options->keys_only, "Without values");
  CLI::Option* hex =
      scan->add_flag("--hex", options->range.hex, "Bounds and output are hexadecimal");
  scan->add_flag("--json", options->json, "One JSON object a line")->excludes(hex);
  session.SetAction(*scan, [options] { return RunScan(*options); });
}

}  // namespace

void AddDataVerbs(CLI::App& app, Session& session) {
  auto put_options = std::make_shared<DataOptions>();
  CLI::App* put = app.add_subcommand("put", "Store a value; makes the database if absent");
  AddKeyOptions(*put, *put_options);
  put->add_option("value", put_options->value, "Value; - reads it from standard input")->required();
  AddTimeToLiveFlag(*put, put_options->time_to_live_ms);
  session.AddSettingFlags(*put);
  session.SetAction(*put, [&session, put_options] { return RunPut(session, *put_options); });

  auto get_options = std::make_shared<DataOptions>();
  CLI::App* get = app.add_subcommand(
      "get", "Write a key's bare value to standard output (on a terminal, a line)");
  AddKeyOptions(*get, *get_options);
  session.SetAction(*get, [get_options] { return RunGet(*get_options); });

  auto merge_options = std::make_shared<DataOptions>();
  CLI::App* merge = app.add_subcommand(
      "merge", "Apply an operand to a key with the keyspace's merge operator, without reading it");
  AddKeyOptions(*merge, *merge_options);
  merge
      ->add_option("operand", merge_options->value,
                   "Operand; a decimal number for add_int64; - reads it from standard input")
      ->required();
  AddTimeToLiveFlag(*merge, merge_options->time_to_live_ms);
  session.AddSettingFlags(*merge);
  session.SetAction(*merge,
                    [&session, merge_options] { return RunMerge(session, *merge_options); });
  AddDelete(app, session);
  AddScan(app, session);
  AddCount(app, session);
}

}  // namespace quiver::cli
