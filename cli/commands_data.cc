// put, get, delete, scan.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>

#include "bytes_text.h"
#include "exit_code.h"
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
  std::uint64_t limit = 0;
  bool reverse = false;
  bool json = false;
  bool hex = false;
  bool keys_only = false;
};

int RunPut(const Session& session, const DataOptions& options) {
  const auto key = BytesArgument(options.key, options.hex);
  if (!key) return Fail(key.error()), kUsage;
  std::string value = options.value;
  if (value == "-") {
    value.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (options.hex) {
    auto bytes = FromHex(value);
    if (!bytes) return Fail(bytes.error()), kUsage;
    value = std::move(*bytes);
  }
  auto database = session.OpenForWriting(options.directory, /*create=*/true);
  if (!database) return Fail(database.error());
  if (const auto put = (*database)->Put(*key, value); !put) return Fail(put.error());
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
  const std::string_view bytes = (*value)->view();
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() ||
      std::fflush(stdout) != 0) {
    return Fail(Error(ErrorCode::kIo, "standard output cannot be written"));
  }
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
  std::uint64_t left = options.limit == 0 ? ~std::uint64_t{0} : options.limit;
  if (options.reverse) {
    rows->SeekToLast();
  } else {
    rows->SeekToFirst();
  }
  for (; rows->Valid() && left > 0; --left) {
    std::string line = FormatRow(rows->key(), rows->value(), format);
    if (options.keys_only && !options.json) line.resize(line.find('\t'));
    line.push_back('\n');
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
      return Fail(Error(ErrorCode::kIo, "standard output cannot be written"));
    }
    if (options.reverse) {
      rows->Prev();
    } else {
      rows->Next();
    }
  }
  if (std::fflush(stdout) != 0) {
    return Fail(Error(ErrorCode::kIo, "standard output cannot be written"));
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
  scan->add_option("--limit", options->limit, "Print at most so many rows [no limit]");
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
