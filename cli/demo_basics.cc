// The first step of the demonstration: real records in, and back out in every way.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string_view>

#include "demo.h"
#include "progress.h"

namespace quiver::cli {

namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string_view PackageName(std::string_view stanza) {
  constexpr std::string_view kField = "Package: ";
  if (!stanza.starts_with(kField)) return {};
  return stanza.substr(kField.size(), stanza.find('\n') - kField.size());
}

Error Wrong(const std::string& what) {
  return Error(ErrorCode::kInternal, "the demonstration found a wrong answer: " + what);
}

Result<void> Load(Database& db, const Records& records) {
  const auto start = std::chrono::steady_clock::now();
  Progress progress("  loading", "rows", records.size());
  WriteBatch batch;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  for (const auto& [name, stanza] : records) {
    if (const auto put = batch.Put(name, stanza); !put) return put;
    bytes += name.size() + stanza.size();
    progress.Update(++rows);
    if (batch.count() < 100 && rows < records.size()) continue;
    if (const auto written = db.Write(batch); !written) return written.error();
    batch.Clear();
  }
  const double seconds = SecondsSince(start);
  std::printf(
      "  batch   %zu records, %.1f MiB in batches of 100, each durable: %.2f s, %.0f rows/s\n",
      records.size(), static_cast<double>(bytes) / (1 << 20), seconds,
      static_cast<double>(records.size()) / seconds);
  return {};
}

Result<void> ReadAll(const Database& db, const Records& records) {
  const auto start = std::chrono::steady_clock::now();
  std::string value;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& [name, stanza] = records[i * 7919 % records.size()];
    const auto found = db.GetInto(name, value);
    if (!found) return found.error();
    if (!*found || value != stanza) return Wrong("get of " + name);
  }
  const double seconds = SecondsSince(start);
  std::printf("  get     every record in a scattered order, values compared: %.0f gets/s\n",
              static_cast<double>(records.size()) / seconds);
  return {};
}

Result<void> PutAndDelete(Database& db, const Records& records) {
  const std::string& name = records.front().first;
  if (const auto put = db.Put("zz-quiver-demo", "a value of our own"); !put) return put;
  const auto value = db.Get("zz-quiver-demo");
  if (!value) return value.error();
  if (!*value || (*value)->view() != "a value of our own") return Wrong("put, then get");
  auto snapshot = db.NewSnapshot();
  if (!snapshot) return snapshot.error();
  if (const auto removed = db.Delete(name); !removed) return removed;
  const auto gone = db.Get(name);
  const auto before = db.Get(name, {.snapshot = &*snapshot});
  if (!gone) return gone.error();
  if (!before) return before.error();
  if (*gone || !*before) return Wrong("delete with a snapshot held");
  std::printf("  put, delete, snapshot   '%s' is gone now and still there in the snapshot\n",
              name.c_str());
  if (const auto put = db.Put(name, records.front().second); !put) return put;
  return db.Delete("zz-quiver-demo");
}

Result<void> Scan(const Database& db, const Records& records) {
  const auto start = std::chrono::steady_clock::now();
  auto rows = db.NewIterator();
  if (!rows) return rows.error();
  std::uint64_t count = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (rows->key() != records[count].first || rows->value() != records[count].second) {
      return Wrong("scan at " + std::string(rows->key()));
    }
    ++count;
  }
  if (const auto status = rows->status(); !status) return status;
  if (count != records.size()) return Wrong("scan ended early");
  const double seconds = SecondsSince(start);
  std::printf("  scan    %llu rows in order, compared: %.0f rows/s\n",
              static_cast<unsigned long long>(count), static_cast<double>(count) / seconds);
  IteratorOptions options;
  options.prefix = "python3-a";
  auto part = db.NewIterator(options);
  if (!part) return part.error();
  std::uint64_t with_prefix = 0;
  for (part->SeekToLast(); part->Valid(); part->Prev()) ++with_prefix;
  std::printf("  prefix  %llu packages start with python3-a (read backward)\n",
              static_cast<unsigned long long>(with_prefix));
  return part->status();
}

}  // namespace

Result<Records> ReadPackages(const std::filesystem::path& file) {
  std::ifstream input(file, std::ios::binary);
  if (!input) {
    return Error(ErrorCode::kIo, "cannot be read; 'make demo' prepares it", file.string());
  }
  // A package may be listed for several suites: the first is kept.
  std::map<std::string, std::string> packages;
  std::string line, stanza;
  const auto finish = [&] {
    const std::string_view name = PackageName(stanza);
    if (!name.empty()) packages.emplace(name, stanza);
    stanza.clear();
  };
  while (std::getline(input, line)) {
    if (line.empty()) {
      finish();
    } else {
      stanza += line;
      stanza += '\n';
    }
  }
  finish();
  Records records(packages.begin(), packages.end());
  if (!records.empty()) return records;
  return Error(ErrorCode::kInvalidArgument, "holds no package stanza", file.string());
}

Result<void> DemoBasics(const std::filesystem::path& directory, const Records& records) {
  std::printf("\n1. Basic operations (balanced: every write durable before it is acknowledged)\n");
  auto opened = Database::Open(directory, Balanced());
  if (!opened) return opened.error();
  Database& db = **opened;
  if (const auto done = Load(db, records); !done) return done;
  if (const auto done = PutAndDelete(db, records); !done) return done;
  if (const auto done = ReadAll(db, records); !done) return done;
  if (const auto done = Scan(db, records); !done) return done;
  if (const auto done = db.CompactRange(); !done) return done;
  std::printf("  after compaction: ");
  std::fflush(stdout);
  if (const auto done = ReadAll(db, records); !done) return done;
  const DatabaseMetrics metrics = db.Metrics();
  std::printf("\n2. Metrics (db.Metrics(); also as JSON and Prometheus text)\n%s",
              metrics.ToText().c_str());
  return db.Close();
}

}  // namespace quiver::cli
