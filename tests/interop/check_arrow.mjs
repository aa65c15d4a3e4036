#!/usr/bin/env node
// Reads uncompressed Arrow IPC files with apache-arrow for JavaScript and prints what it sees, in
// the lines of JSON that check_arrow.py prints.
//
// Usage: node check_arrow.mjs FILE...
//
// apache-arrow is taken from $QUIVER_INTEROP_NODE, build/node or this folder, whichever has it
// first (see package.json). It has no codecs built in, so compressed files are an error. Each file
// is read whole and as an asynchronous stream of batches; both must see the same rows.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const places = [process.env.QUIVER_INTEROP_NODE, path.join(here, '../../build/node'), here];
const place = places.find((each) => each && existsSync(path.join(each, 'node_modules/apache-arrow')));
if (!place) {
  console.error('apache-arrow is not installed: run scripts/bootstrap.sh test');
  process.exit(2);
}
const arrow = createRequire(path.join(place, 'package.json'))('apache-arrow');

const DataType = arrow.DataType;

// A type as pyarrow names it.
function typeName(type) {
  if (DataType.isFixedSizeBinary(type)) return `fixed_size_binary[${type.byteWidth}]`;
  if (DataType.isLargeBinary(type)) return 'large_binary';
  if (DataType.isLargeUtf8(type)) return 'large_string';
  if (DataType.isBinary(type)) return 'binary';
  if (DataType.isUtf8(type)) return 'string';
  return String(type).toLowerCase();
}

function toBuffer(cell) {
  return typeof cell === 'string' ? Buffer.from(cell, 'utf8') : Buffer.from(cell);
}

function number(bytes, value) {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64LE(value);
  else buffer.writeUIntLE(Number(value), 0, bytes);
  return buffer;
}

// The digest of row_digest.py, fed batch by batch.
class RowDigest {
  hash = createHash('sha256');
  rows = 0;

  add(batch) {
    const [keys, values, sequences, operations] = ['key', 'value', 'sequence', 'operation'].map(
      (name) => batch.getChild(name),
    );
    for (let row = 0; row < batch.numRows; ++row) {
      const key = toBuffer(keys.get(row));
      const cell = values.get(row);
      const value = cell === null ? Buffer.alloc(0) : toBuffer(cell);
      this.hash.update(number(4, key.length)).update(key);
      this.hash.update(number(1, cell === null ? 1 : 0)).update(number(4, value.length)).update(value);
      if (sequences) this.hash.update(number(8, sequences.get(row)));
      if (operations) this.hash.update(number(1, operations.get(row)));
    }
    this.rows += batch.numRows;
  }
}

async function check(file) {
  const table = arrow.tableFromIPC(readFileSync(file));
  const whole = new RowDigest();
  for (const batch of table.batches) whole.add(batch);
  const streamed = new RowDigest();
  for await (const batch of await arrow.RecordBatchReader.from(createReadStream(file))) {
    streamed.add(batch);
  }
  const digest = whole.hash.digest('hex');
  const other = streamed.hash.digest('hex');
  if (digest !== other || whole.rows !== streamed.rows) {
    throw new Error(`read whole: ${whole.rows} rows, ${digest}; streamed: ${streamed.rows}, ${other}`);
  }
  const schema = Object.fromEntries(table.schema.fields.map((f) => [f.name, typeName(f.type)]));
  return { file, rows: whole.rows, digest, schema };
}

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node check_arrow.mjs FILE...');
  process.exit(2);
}
for (const file of files) {
  try {
    console.log(JSON.stringify(await check(file)));
  } catch (error) {
    console.error(`${file}: ${error}`);
    process.exitCode = 1;
  }
}
