// Reports, for Python.
#include "reports.h"

namespace quiver::python {

namespace {

nb::dict Summary(const KeyspaceSummary& keyspace) {
  nb::dict fields;
  fields["id"] = keyspace.id;
  fields["name"] = keyspace.name;
  fields["tables"] = keyspace.tables;
  fields["bytes"] = keyspace.bytes;
  fields["entries"] = keyspace.entries;
  fields["expiring_tables"] = keyspace.expiring_tables;
  fields["range_deletes"] = keyspace.range_deletes;
  return fields;
}

}  // namespace

nb::list Strings(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(ToText(text));
  return list;
}

nb::list Damages(const std::vector<Damage>& damages) {
  nb::list list;
  for (const Damage& damage : damages) {
    nb::dict fields;
    fields["file"] = ToText(damage.file);
    fields["offset"] = damage.offset;
    fields["what"] = ToText(damage.what);
    list.append(fields);
  }
  return list;
}

nb::dict Report(const RecoveryReport& report) {
  nb::dict fields;
  fields["created"] = report.created;
  fields["clean_shutdown"] = report.clean_shutdown;
  fields["segments_replayed"] = report.segments_replayed;
  fields["batches_replayed"] = report.batches_replayed;
  fields["entries_replayed"] = report.entries_replayed;
  fields["bytes_replayed"] = report.bytes_replayed;
  fields["last_sequence"] = report.last_sequence;
  fields["torn_tail_bytes"] = report.torn_tail_bytes;
  fields["duration_ms"] = report.duration_ms;
  fields["notes"] = Strings(report.notes);
  fields["losses"] = Strings(report.losses);
  fields["orphans_removed"] = Strings(report.orphans_removed);
  fields["foreign_files"] = Strings(report.foreign_files);
  return fields;
}

nb::dict Report(const VerifyReport& report) {
  nb::list keyspaces;
  for (const KeyspaceSummary& keyspace : report.keyspaces) keyspaces.append(Summary(keyspace));
  nb::dict fields;
  fields["files"] = report.files;
  fields["bytes"] = report.bytes;
  fields["entries"] = report.entries;
  fields["damages"] = Damages(report.damages);
  fields["keyspaces"] = keyspaces;
  fields["notes"] = Strings(report.notes);
  return fields;
}

nb::dict Report(const RepairReport& report) {
  nb::dict fields;
  fields["entries_recovered"] = report.entries_recovered;
  fields["tables_read"] = report.tables_read;
  fields["segments_read"] = report.segments_read;
  fields["lost"] = Strings(report.lost);
  return fields;
}

nb::dict Report(const CheckpointReport& report) {
  nb::dict fields;
  fields["sequence"] = report.sequence;
  fields["tables_linked"] = report.tables_linked;
  fields["tables_copied"] = report.tables_copied;
  fields["tables_written"] = report.tables_written;
  fields["bytes"] = report.bytes;
  return fields;
}

nb::dict Report(const BackupInfo& backup) {
  nb::dict fields;
  fields["id"] = backup.id;
  fields["database_id"] = backup.database_id;
  fields["created"] = nb::module_::import_("quiver._time").attr("moment")(backup.created_us);
  fields["sequence"] = backup.sequence;
  fields["files"] = backup.files;
  fields["bytes"] = backup.bytes;
  fields["new_bytes"] = backup.new_bytes;
  return fields;
}

nb::dict Report(const BackupList& list) {
  nb::list backups;
  for (const BackupInfo& backup : list.backups) backups.append(Report(backup));
  nb::dict fields;
  fields["backups"] = backups;
  fields["damages"] = Damages(list.damages);
  return fields;
}

nb::dict Report(const BackupVerifyReport& report) {
  nb::dict fields;
  fields["backups"] = report.backups;
  fields["files"] = report.files;
  fields["bytes"] = report.bytes;
  fields["damages"] = Damages(report.damages);
  return fields;
}

nb::dict Report(const DatasetReport& report) {
  nb::dict fields;
  fields["sequence"] = report.sequence;
  fields["files"] = report.files;
  fields["linked_files"] = report.linked_files;
  fields["rows"] = report.rows;
  fields["bytes"] = report.bytes;
  fields["exact"] = report.exact;
  fields["notes"] = Strings(report.notes);
  return fields;
}

nb::dict Report(const IngestReport& report) {
  nb::dict fields;
  fields["rows_read"] = report.rows_read;
  fields["rows_written"] = report.rows_written;
  fields["tables"] = report.tables;
  fields["table_bytes"] = report.table_bytes;
  fields["level"] = report.level;
  fields["was_sorted"] = report.was_sorted;
  fields["spilled_bytes"] = report.spilled_bytes;
  fields["sequence"] = report.sequence;
  return fields;
}

nb::dict Report(const KeyspaceMetrics& metrics) {
  nb::dict fields;
  fields["name"] = metrics.name;
  fields["tables"] = metrics.tables;
  fields["table_bytes"] = metrics.table_bytes;
  fields["entries"] = metrics.entries;
  fields["memtable_bytes"] = metrics.memtable_bytes;
  return fields;
}

}  // namespace quiver::python
