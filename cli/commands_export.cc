// export: rows as an Arrow IPC file, CSV or JSON lines; sql: rows for DuckDB.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "bytes_text.h"
#include "exit_code.h"
#include "output.h"
#include "quiver/admin.h"
#include "row_range.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct ExportOptions {
  RowRange range;
  std::string file;
  std::string format = "json";
};

// RFC 4180: what has a quote, a comma or an end of line is quoted; all bytes are kept.
std::string CsvField(std::string_view bytes) {
  if (bytes.find_first_of("\",\r\n") == std::string_view::npos) return std::string(bytes);
  std::string quoted = "\"";
  for (const char byte : bytes) {
    if (byte == '"') quoted.push_back('"');
    quoted.push_back(byte);
  }
  quoted.push_back('"');
  return quoted;
}

Result<std::uint64_t> ExportArrow(const ExportOptions& options) {
  auto arrow = ArrowFileWriter::Create(options.file, {.with_expiry = options.range.expiry});
  if (!arrow) return arrow.error();
  const auto add = [&](const Row& row) -> Result<bool> {
    const auto added = (*arrow)->Add(row.key, row.value, row.expiry_us);
    return added ? Result<bool>(true) : Result<bool>(added.error());
  };
  const auto rows = ForEachRow(options.range, "exporting", add);
  if (!rows) return rows.error();
  if (const auto finished = (*arrow)->Finish(); !finished) return finished.error();
  return *rows;
}

Result<std::uint64_t> ExportText(const ExportOptions& options) {
  const bool csv = options.format == "csv";
  const bool expiry = options.range.expiry;
  bool headed = !csv;  // once there is a state to export: an error leaves no head behind
  const auto head = [&] {
    return std::exchange(headed, true) || Print(expiry ? "key,value,expiry_us\n" : "key,value\n");
  };
  const auto rows = ForEachRow(options.range, "exporting", [&](const Row& row) -> Result<bool> {
    if (!head()) return false;
    std::string line;
    if (csv) {
      line = CsvField(row.key) + "," + CsvField(row.value);
      if (expiry) line += "," + (row.expiry_us == 0 ? "" : std::to_string(row.expiry_us));
    } else {
      line = FormatRow(row.key, row.value, Format::kJson, row.expiry_us);
    }
    return Print(line + "\n");
  });
  if (rows) (void)head();
  return rows;
}

int RunExport(const ExportOptions& options) {
  if (const auto bounds = BoundsOf(options.range); !bounds) return Fail(bounds.error()), kUsage;
  const bool arrow = options.format == "arrow";
  if (arrow == options.file.empty()) {
    std::fprintf(stderr, "quiver export: %s\n",
                 arrow ? "--format arrow needs --output FILE"
                       : "--output is for --format arrow; csv and json go to standard output");
    return kUsage;
  }
  const auto rows = arrow ? ExportArrow(options) : ExportText(options);
  if (!rows) return Fail(rows.error());
  if (arrow) {
    std::fprintf(stderr, "%llu rows exported\n", static_cast<unsigned long long>(*rows));
  }
  return kDone;
}

// --- sql

struct SqlOptions {
  RowRange range;
  std::string query;
};

// Rows come as lines of two hexadecimal fields, so that no byte of theirs means anything to CSV;
// the table db has them as BLOB, as the Python package's sql() does. To DuckDB the end of a pipe
// looks the same whether all rows came or their sender was killed: the line of kEndLine, which no
// row can be, tells. Without it there is no table, and so no answer.
constexpr std::string_view kEndLine = "!,\n";
constexpr const char* kMakeTable =
    "CREATE TABLE db AS SELECT CASE WHEN k = '!' THEN NULL ELSE unhex(coalesce(k, '')) END AS key, "
    "unhex(coalesce(v, '')) AS value "
    "FROM read_csv('/dev/stdin', header = false, auto_detect = false, delim = ',', quote = '', "
    "escape = '', max_line_size = 16777216, columns = {'k': 'VARCHAR', 'v': 'VARCHAR'}); "
    "CREATE TEMP TABLE whole AS SELECT CASE WHEN count(*) = 1 THEN true "
    "ELSE error('quiver ended before it had sent all rows') END AS whole FROM db "
    "WHERE key IS NULL; "
    "DROP TABLE whole; DELETE FROM db WHERE key IS NULL";
constexpr std::size_t kSqlRowBytesMax = std::size_t{8} << 20;

// Without arguments it says whether there is DuckDB. Not in the directory that the command is
// called in, where a duckdb.py may be anybody's.
constexpr const char* kPythonProgram =
    "import sys\n"
    "sys.path = [place for place in sys.path if place]\n"
    "import duckdb\n"
    "if len(sys.argv) == 1: sys.exit()\n"
    "db = duckdb.connect()\n"
    "try:\n"
    "    db.execute(sys.argv[1])\n"
    "    answer = db.sql(sys.argv[2])\n"
    "    if answer is not None: answer.show(max_rows=sys.maxsize, max_width=1000)\n"
    "except duckdb.Error as error: sys.exit(f'quiver: DuckDB: {error}')\n";

/// Starts `program`; true if it ends with 0. Its output goes nowhere.
bool Succeeds(const std::vector<const char*>& program) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int descriptor : {1, 2}) {
      if (std::freopen("/dev/null", "w", descriptor == 1 ? stdout : stderr) == nullptr) ::_exit(1);
    }
    ::execvp(program[0], const_cast<char* const*>(program.data()));
    ::_exit(127);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The command line of a DuckDB that is installed; empty if none is.
std::vector<const char*> FindDuckDb(const std::string& query) {
  if (Succeeds({"duckdb", "-version", nullptr})) {
    return {"duckdb", "-batch", "-bail", "-cmd", kMakeTable, "-c", query.c_str(), nullptr};
  }
  if (Succeeds({"python3", "-c", kPythonProgram, nullptr})) {
    return {"python3", "-c", kPythonProgram, kMakeTable, query.c_str(), nullptr};
  }
  return {};
}

Result<bool> WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;  // it has said why
    if (written < 0) {
      return Error(ErrorCode::kIo, "the pipe to DuckDB: " + std::generic_category().message(errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<std::uint64_t> SendRows(const RowRange& range, int descriptor) {
  constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
  std::string buffer;
  auto rows = ForEachRow(range, "reading", [&](const Row& row) -> Result<bool> {
    const auto& [key, value, expiry_us] = row;
    if (key.size() + value.size() > kSqlRowBytesMax / 2) {
      return Error(ErrorCode::kUnsupported,
                   "the row of key " + EscapeBytes(key.substr(0, 60)) + " has " +
                       std::to_string(key.size() + value.size()) +
                       " bytes, which is more than DuckDB is given; narrow the range");
    }
    buffer += ToHex(key) + "," + ToHex(value) + "\n";
    if (buffer.size() < kBufferBytes) return true;
    const auto written = WriteAll(descriptor, buffer);
    buffer.clear();
    return written;
  });
  if (!rows) return rows;
  buffer += kEndLine;
  if (const auto written = WriteAll(descriptor, buffer); !written) return written.error();
  return rows;
}

int RunSql(const SqlOptions& options) {
  if (const auto bounds = BoundsOf(options.range); !bounds) return Fail(bounds.error()), kUsage;
  const std::vector<const char*> program = FindDuckDb(options.query);
  if (program.empty()) {
    std::fprintf(stderr,
                 "quiver: sql needs DuckDB, which is not installed: neither the command duckdb "
                 "(https://duckdb.org/docs/installation) nor the Python package (pip install "
                 "duckdb) is found\n");
    return kFailed;
  }
  int ends[2];
  if (::pipe(ends) != 0) return Fail(Error(ErrorCode::kIo, "no pipe can be made"));
  std::signal(SIGPIPE, SIG_IGN);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    ::dup2(ends[0], 0);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execvp(program[0], const_cast<char* const*>(program.data()));
    ::_exit(127);
  }
  ::close(ends[0]);
  if (child < 0) return Fail(Error(ErrorCode::kIo, "DuckDB cannot be started"));
  const auto rows = SendRows(options.range, ends[1]);
  // Without the rest of its rows a query would answer wrongly: end it before it can.
  if (!rows) ::kill(child, SIGKILL);
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!rows) return Fail(rows.error());
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? kDone : kFailed;
}

}  // namespace

void AddExportVerbs(CLI::App& app, Session& session) {
  auto export_options = std::make_shared<ExportOptions>();
  CLI::App* verb = app.add_subcommand("export", "Write rows as JSON lines, CSV or an Arrow file");
  AddRowRange(*verb, export_options->range);
  AddRowLimit(*verb, export_options->range);
  AddExpiryFlag(*verb, export_options->range.expiry);
  verb->add_flag("--hex", export_options->range.hex, "Bounds are hexadecimal");
  verb->add_option("--format", export_options->format, "json, csv or arrow [json]")
      ->check(CLI::IsMember({"json", "csv", "arrow"}));
  verb->add_option("--output", export_options->file, "The Arrow IPC file to write");
  session.SetAction(*verb, [export_options] { return RunExport(*export_options); });

  auto sql_options = std::make_shared<SqlOptions>();
  CLI::App* sql = app.add_subcommand(
      "sql", "Ask DuckDB about the rows of one state: table db, columns key and value (BLOB)");
  AddRowRange(*sql, sql_options->range);
  AddRowLimit(*sql, sql_options->range);
  sql->add_flag("--hex", sql_options->range.hex, "Bounds are hexadecimal");
  sql->add_option("query", sql_options->query, "The query, such as \"select count(*) from db\"")
      ->required();
  session.SetAction(*sql, [sql_options] { return RunSql(*sql_options); });
}

}  // namespace quiver::cli
