#!/usr/bin/env python3
"""Nothing of the public C++ API is missing from the C API, and no C function is untested.

The public headers are parsed: each function, method and field must stand in COVERED beside the C
function that gives it, or in EXEMPT beside the reason why C does without. A new one that stands in
neither fails, and so does an entry for something that is gone. Each function of the C headers must
be called by a test program of this folder.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
HEADERS = ROOT / "include/quiver"
C_HEADERS = ("c.h", "c_admin.h", "c_copies.h", "c_follower.h", "c_ingest.h", "c_keyspace.h", "c_merge.h", "c_transaction.h",
             "arrow_c_data.h")

# "Name::*" stands for every method, "Name.*" for every field of it.
COVERED = {
    "ErrorCodeName": "quiver_code_name",
    "Error::code": "quiver_error_code",
    "Error::message": "quiver_error_message",
    "Error::file": "quiver_error_file",
    "Error::offset": "quiver_error_offset",
    "Error::os_error": "quiver_error_os_error",
    "Error::ToString": "quiver_error_text",
    "Error.kNoOffset": "QUIVER_NO_OFFSET",
    "kKeyBytesMax": "QUIVER_KEY_BYTES_MAX",
    "kValueBytesMax": "QUIVER_VALUE_BYTES_MAX",
    "kBatchBytesMax": "QUIVER_BATCH_BYTES_MAX",
    "DatabaseConfig.*": "quiver_config_set",  # by name; c_api_test sets every row of the table
    "DatabaseConfig::operator==": "quiver_config_equal",
    "Balanced": "quiver_config_create",
    "HighPerformance": "quiver_config_create",
    "MemoryEfficient": "quiver_config_create",
    "Preset": "quiver_config_create",
    "PresetNames": "quiver_preset_name",
    "SettingInfo.choices": "quiver_setting_choice",
    "SettingInfo.*": "quiver_setting_at",
    "ConfigTable": "quiver_setting_at",
    "GetSetting": "quiver_config_get",
    "SetSetting": "quiver_config_set",
    "ValidateConfig": "quiver_config_validate",
    "ConfigViolation::ToString": "quiver_config_validate",
    "ConfigViolation.*": "quiver_config_validate",
    "ParseConfig": "quiver_config_parse",
    "FormatConfig": "quiver_config_format",
    "MemtableKindName": "quiver_setting_choice",
    "WalModeName": "quiver_setting_choice",
    "CompactionStrategyName": "quiver_setting_choice",
    "CompressionName": "quiver_setting_choice",
    "MergeOperatorName": "quiver_setting_choice",
    "AddInt64Operator": "quiver_config_set",  # both by the setting merge_operator
    "AppendOperator": "quiver_config_set",
    "EncodeInt64": "quiver_encode_int64",
    "DecodeInt64": "quiver_decode_int64",
    "MergeOperator::Merge": "quiver_merge_operator_create",
    "MergeOperator::Combine": "quiver_merge_operator_create",
    "MergeOperator::IsOperand": "quiver_merge_operator_create",
    "Keyspace::id": "quiver_keyspace_id",
    "Keyspace::name": "quiver_keyspace_name",
    "Database::CreateKeyspace": "quiver_keyspace_create",
    "Database::OpenKeyspace": "quiver_keyspace_open",
    "Database::ListKeyspaces": "quiver_keyspace_list",
    "Database::DropKeyspace": "quiver_keyspace_drop",
    "Database::KeyspaceConfig": "quiver_keyspace_config",
    "ReadOptions.keyspace": "quiver_read_options_set_keyspace",
    "ReadOptions.snapshot": "quiver_read_options_set_snapshot",
    "ReadOptions.fill_cache": "quiver_read_options_set_fill_cache",
    "WriteOptions.keyspace": "quiver_write_options_set_keyspace",
    "WriteOptions.time_to_live_ms": "quiver_write_options_set_time_to_live_ms",
    "WriteOptions.expiry_us": "quiver_write_options_set_expiry_us",
    "WriteOptions.wal_mode": "quiver_write_options_set_wal_mode",
    "WriteOptions.fail_if_stalled": "quiver_write_options_set_fail_if_stalled",
    "Database::Open": "quiver_open",
    "Database::OpenReadOnly": "quiver_open_read_only",
    "Database::StoredConfig": "quiver_stored_config",
    "Database::Put": "quiver_put",
    "Database::Delete": "quiver_delete",
    "Database::DeleteRange": "quiver_delete_range",
    "Database::Merge": "quiver_merge",
    "Database::Write": "quiver_write",
    "Database::Get": "quiver_get",
    "Database::GetInto": "quiver_get_into",
    "Database::GetExpiry": "quiver_get_expiry",
    "Database::MultiGet": "quiver_multi_get",
    "Database::NewIterator": "quiver_iterator_create",
    "Database::NewSnapshot": "quiver_snapshot_create",
    "Database::Flush": "quiver_flush",
    "Database::CompactRange": "quiver_compact_range",
    "Database::WaitForBackgroundWork": "quiver_wait_for_background_work",
    "Database::SyncLog": "quiver_sync_log",
    "Database::DurableSequence": "quiver_durable_sequence",
    "Database::WaitDurable": "quiver_wait_durable",
    "Database::Metrics": "quiver_metrics_json",
    "Database::recovery_report": "quiver_recovery_report",
    "Database::config": "quiver_database_config",
    "Database::Close": "quiver_close",
    "DatabaseMetrics::ToText": "quiver_metrics_text",
    "DatabaseMetrics::ToJson": "quiver_metrics_json",
    "DatabaseMetrics::ToPrometheus": "quiver_metrics_prometheus",
    "DatabaseMetrics.*": "quiver_metrics_json",
    "LatencySummary.*": "quiver_metrics_json",
    "OperationMetrics.*": "quiver_metrics_json",
    "LevelMetrics.*": "quiver_metrics_json",
    "StallReasonName": "quiver_metrics_json",
    "RecoveryReport::ToText": "quiver_report_text",
    "RecoveryReport.*": "quiver_report_number",  # or _line; c_api_test asks for each
    "Database::BeginTransaction": "quiver_transaction_begin",
    "TransactionOptions.isolation": "quiver_transaction_begin",
    "Transaction::Put": "quiver_transaction_put",
    "Transaction::Delete": "quiver_transaction_delete",
    "Transaction::DeleteRange": "quiver_transaction_delete_range",
    "Transaction::Merge": "quiver_transaction_merge",
    "Transaction::Get": "quiver_transaction_get",
    "Transaction::NewIterator": "quiver_transaction_iterator",
    "Transaction::Commit": "quiver_transaction_commit",
    "Transaction::Rollback": "quiver_transaction_rollback",
    "Transaction::active": "quiver_transaction_active",
    "Transaction::snapshot_sequence": "quiver_transaction_snapshot_sequence",
    "Database::Checkpoint": "quiver_checkpoint",
    "CheckpointReport.*": "quiver_checkpoint",  # as all reports: quiver_report_number, by name
    "CreateBackup": "quiver_backup_create",
    "ListBackups": "quiver_backup_list",
    "VerifyBackup": "quiver_backup_verify",
    "RestoreBackup": "quiver_backup_restore",
    "DeleteBackup": "quiver_backup_delete",
    "PruneBackups": "quiver_backup_prune",
    "BackupInfo.*": "quiver_backup_create",
    "BackupList.backups": "quiver_report_part",
    "BackupList.damages": "quiver_report_damage",
    "BackupVerifyReport.damages": "quiver_report_damage",
    "BackupVerifyReport.*": "quiver_backup_verify",
    "ExportDataset": "quiver_export_dataset",
    "DatasetOptions.keyspace": "quiver_dataset_options_set_keyspace",
    "DatasetOptions.compact": "quiver_dataset_options_set_compact",
    "DatasetOptions.progress": "quiver_dataset_options_set_progress",
    "DatasetReport.*": "quiver_export_dataset",
    "Follower::Open": "quiver_follower_open",
    "Follower::Refresh": "quiver_follower_refresh",
    "Follower::database": "quiver_follower_database",
    "Database::IngestArrow": "quiver_ingest_arrow",
    "IngestOptions.keyspace": "quiver_ingest_options_set_keyspace",
    "IngestOptions.key_column": "quiver_ingest_options_set_key_column",
    "IngestOptions.value_column": "quiver_ingest_options_set_value_column",
    "IngestOptions.expiry_column": "quiver_ingest_options_set_expiry_column",
    "IngestOptions.refuse_duplicates": "quiver_ingest_options_set_refuse_duplicates",
    "IngestOptions.memory_bytes": "quiver_ingest_options_set_memory_bytes",
    "IngestOptions.progress": "quiver_ingest_options_set_progress",
    "IngestReport.*": "quiver_ingest_arrow",
    "KeyspaceMetrics.*": "quiver_keyspace_metrics",
    "kKeyspaceMetricsMax": "QUIVER_KEYSPACE_METRICS_MAX",
    "kOtherKeyspaces": "QUIVER_OTHER_KEYSPACES",
    "PinnedValue::view": "quiver_value_data",
    "PinnedValue::size": "quiver_value_data",
    "PinnedValue::ToString": "quiver_value_data",
    "Snapshot::sequence": "quiver_snapshot_sequence",
    "IteratorOptions.keyspace": "quiver_iterator_options_set_keyspace",
    "IteratorOptions.lower_bound": "quiver_iterator_options_set_lower_bound",
    "IteratorOptions.upper_bound": "quiver_iterator_options_set_upper_bound",
    "IteratorOptions.prefix": "quiver_iterator_options_set_prefix",
    "IteratorOptions.snapshot": "quiver_iterator_options_set_snapshot",
    "IteratorOptions.fill_cache": "quiver_iterator_options_set_fill_cache",
    "Database::ExportArrowStream": "quiver_export_arrow",
    "ArrowStreamOptions.keyspace": "quiver_arrow_options_set_keyspace",
    "ArrowStreamOptions.lower_bound": "quiver_arrow_options_set_lower_bound",
    "ArrowStreamOptions.upper_bound": "quiver_arrow_options_set_upper_bound",
    "ArrowStreamOptions.prefix": "quiver_arrow_options_set_prefix",
    "ArrowStreamOptions.snapshot": "quiver_arrow_options_set_snapshot",
    "ArrowStreamOptions.fill_cache": "quiver_arrow_options_set_fill_cache",
    "ArrowStreamOptions.limit": "quiver_arrow_options_set_limit",
    "ArrowStreamOptions.with_key": "quiver_arrow_options_set_columns",
    "ArrowStreamOptions.with_value": "quiver_arrow_options_set_columns",
    "ArrowStreamOptions.with_sequence": "quiver_arrow_options_set_columns",
    "ArrowStreamOptions.batch_rows": "quiver_arrow_options_set_batch_rows",
    "Iterator::SeekToFirst": "quiver_iterator_seek_to_first",
    "Iterator::SeekToLast": "quiver_iterator_seek_to_last",
    "Iterator::Seek": "quiver_iterator_seek",
    "Iterator::SeekForPrev": "quiver_iterator_seek_for_prev",
    "Iterator::Next": "quiver_iterator_next",
    "Iterator::Prev": "quiver_iterator_prev",
    "Iterator::Valid": "quiver_iterator_valid",
    "Iterator::key": "quiver_iterator_key",
    "Iterator::value": "quiver_iterator_value",
    "Iterator::status": "quiver_iterator_status",
    "WriteBatch::Put": "quiver_batch_put",
    "WriteBatch::Delete": "quiver_batch_delete",
    "WriteBatch::DeleteRange": "quiver_batch_delete_range",
    "WriteBatch::Merge": "quiver_batch_merge",
    "WriteBatch::keyspaces": "quiver_batch_keyspaces",
    "WriteBatch::uses_default": "quiver_batch_uses_default",
    "WriteBatch::has_merges": "quiver_batch_has_merges",
    "EntryOptions.keyspace": "quiver_entry_options_set_keyspace",
    "EntryOptions.expiry_us": "quiver_entry_options_set_expiry_us",
    "WriteBatch::Clear": "quiver_batch_clear",
    "WriteBatch::count": "quiver_batch_count",
    "WriteBatch::empty": "quiver_batch_count",
    "WriteBatch::size_bytes": "quiver_batch_encoded",
    "WriteBatch::encoded": "quiver_batch_encoded",
    "WriteBatch::operator=": "quiver_batch_copy",
    "Damage.*": "quiver_report_damage",
    "VerifyReport.*": "quiver_report_number",
    "KeyspaceSummary.*": "quiver_report_part",
    "VerifyDatabase": "quiver_verify",
    "RepairReport.*": "quiver_report_number",
    "RepairDatabase": "quiver_repair",
    "InspectFile": "quiver_inspect_file",
    "ReadArrowFile": "quiver_read_arrow_file",
    "ArrowFileOptions.with_expiry": "quiver_arrow_writer_create_with_expiry",
    "ArrowFileWriter::Create": "quiver_arrow_writer_create",
    "ArrowFileWriter::Add": "quiver_arrow_writer_add",
    "ArrowFileWriter::Finish": "quiver_arrow_writer_finish",
    "EscapeBytes": "quiver_escape",
    "UnescapeBytes": "quiver_unescape",
    "VersionString": "quiver_version",
    "BuildInfo": "quiver_build_info",
}
# What these have is read by name: each field must stand in the code that makes the report of it.
REPORTS = ("RecoveryReport", "VerifyReport", "KeyspaceSummary", "RepairReport", "CheckpointReport", "BackupInfo", "BackupList",
           "BackupVerifyReport", "DatasetReport", "IngestReport", "KeyspaceMetrics")
EXEMPT = {
    "Error::WithContext": "makes new errors, which is the library's part",
    "Result::ok": "a C function returns its code",
    "PinnedValue::operator std::string_view": "a conversion of C++",
    "Iterator::operator=": "moves of C++: a C handle is a pointer",
    "Transaction::operator=": "moves of C++: a C handle is a pointer",
    "Follower::operator=": "forbidden there: a C handle is a pointer",
    "Database::operator=": "forbidden there: a C handle is a pointer",
    "kSequenceMax": "an internal bound that no call of the API takes or returns",
    "kStallReasonCount": "the size of an array inside the metrics",
}

def strip(text):
    """Without comments, texts of literals and preprocessor lines."""
    text = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"^\s*#[^\n]*", "", text, flags=re.M)


def function_name(statement):
    """The name of the function that a statement declares, or None."""
    depth = 0
    for place, character in enumerate(statement):
        if character == "<" and not statement[:place].endswith("operator"):
            depth += 1
        elif character == ">" and depth:
            depth -= 1
        elif character == "(" and depth == 0:
            head = statement[:place].rstrip()
            operator = re.search(r"operator\s*[^\w\s]+$|operator [\w:]+$", head)
            if operator:
                return operator.group()
            name = re.search(r"~?\w+$", head)
            return name.group() if name else None
    return None


def field_names(statement):
    """The names of the fields that a statement declares: "std::uint64_t a = 0, b = 0"."""
    statement = re.sub(r"=\s*[^,;]*(\{[^}]*\}|\([^)]*\))?[^,;]*", "", statement)
    statement = re.sub(r"<[^;]*>", "", statement)
    parts = statement.split(",")
    return [match.group() for part in parts if (match := re.search(r"\w+$", part.strip()))]


def declarations(text):
    """The names of one header: "Free", "Class::Method", "Class.field", "kConstant"."""
    names = set()
    scopes = []  # (kind, name, whether what comes is public)
    statement = ""
    skipped = 0  # braces of a function body, an initializer or an enum
    parens = 0
    for character in strip(text):
        if skipped:
            skipped += {"{": 1, "}": -1}.get(character, 0)
            if skipped == 0 and statement.endswith(")body"):
                statement = ""
            continue
        parens += {"(": 1, ")": -1}.get(character, 0)
        if character == "{" and parens == 0:
            head = re.sub(r"template\s*<[^>]*>", "", statement).strip()
            scope = re.match(r"(namespace|class|struct)\s+(?:\[\[\w+\]\]\s*)?(\w*)", head)
            if scope and "(" not in re.sub(r"\[\[.*?\]\]", "", head):
                scopes.append((scope.group(1), scope.group(2), scope.group(1) != "class"))
                statement = ""
            else:
                add(names, scopes, head)
                skipped = 1
                is_body = "(" in head or head.startswith("enum")
                statement = ")body" if is_body else statement
            continue
        if character == "}" and parens == 0:
            scopes.pop()
            statement = ""
            continue
        if character == ";" and parens == 0:
            add(names, scopes, statement.strip())
            statement = ""
            continue
        statement += character
        access = re.match(r"\s*(public|private|protected):$", statement)
        if access:
            scopes[-1] = (*scopes[-1][:2], access.group(1) == "public")
            statement = ""
    return names


def add(names, scopes, statement):
    if not statement or not all(public for _, _, public in scopes):
        return
    if statement == ")body" or re.match(r"(enum|using|friend|class|struct|static_assert)\b|\}", statement):
        return
    owner = next((name for kind, name, _ in reversed(scopes) if kind != "namespace"), None)
    statement = re.sub(r"^template\s*<[^>]*>\s*", "", statement)
    before_value = statement.split("=")[0] if "operator" not in statement else statement
    if "(" in before_value:
        name = function_name(statement)
        if owner is None:
            names.add(name)
        elif name.lstrip("~") != owner:
            names.add(f"{owner}::{name}")
        return
    for name in field_names(statement):
        names.add(f"{owner}.{name}" if owner else name)


def find(table, name):
    if name in table:
        return name
    for mark in ("::", "."):
        if mark in name and (wild := name.split(mark)[0] + mark + "*") in table:
            return wild
    return None


def main():
    findings = []
    c_text = "".join(strip((HEADERS / header).read_text()) for header in C_HEADERS)
    # quiver_progress and the like are types: a function's declaration begins a line.
    c_functions = set(re.findall(r"^[a-z][\w* ]*?\b(quiver_\w+)\(", c_text, flags=re.M))
    c_names = c_functions | set(re.findall(r"QUIVER_\w+", "".join((HEADERS / header).read_text() for header in C_HEADERS)))

    declared = {}
    for header in sorted(HEADERS.glob("*.h")):
        if header.name in C_HEADERS:
            continue
        for name in declarations(header.read_text()):
            declared[name] = header.name
    # Held against the parser itself: one of each kind that it must see.
    for known in ("Database::CompactRange", "Iterator::SeekForPrev", "WriteBatch::count", "EscapeBytes", "RepairDatabase",
                  "DatabaseConfig.stop_run_count", "DatabaseMetrics.filter_useful", "RecoveryReport.losses", "kKeyBytesMax",
                  "WriteOptions.fail_if_stalled", "PinnedValue::view", "Error::WithContext"):
        if known not in declared:
            findings.append(f"the parser of this test does not see {known}")

    reports = "".join(path.read_text() for path in pathlib.Path(__file__).parents[1].glob("*.cc"))
    used = set()
    for name, header in sorted(declared.items()):
        owner, _, field = name.partition(".")
        if owner in REPORTS and field and f'{{"{field}",' not in reports:
            findings.append(f"{header}: no report of bindings/c has a '{field}' for {name}")
        covered, exempt = find(COVERED, name), find(EXEMPT, name)
        used |= {covered, exempt}
        if covered is None and exempt is None:
            findings.append(f"{header}: {name} has no C function: add one (include/quiver/c.h) and a row to COVERED, or a reason to EXEMPT")
        elif covered and COVERED[covered] not in c_names:
            findings.append(f"{header}: {name}: there is no {COVERED[covered]} in the C headers")
    for entry in sorted((set(COVERED) | set(EXEMPT)) - used):
        findings.append(f"{entry} stands in a table of this test, but in no public header: remove the row")

    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("*.[ch]"))
    for function in sorted(c_functions):
        if not re.search(rf"\b{function}\(", tests):
            findings.append(f"{function} is called by no test of the C API")

    for finding in findings:
        print(finding)
    print(f"C coverage: {len(declared)} names of the C++ API, {len(EXEMPT)} exempt, {len(c_functions)} C functions, "
          f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
