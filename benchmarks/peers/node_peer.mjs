// One peer of `campus bench peers` that runs on Node: emmett or message-db, on the PostgreSQL of the bench.
//
// Arguments: the directory with node_modules, the name of the peer, the URL of the database, connections. Reads a
// measurement as JSON from each line of its input and answers with {"rate": facts a second} or {"error": sentence}.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const [directory, name, url, connections] = process.argv.slice(2);
const require = createRequire(path.join(directory, 'package.json'));
const pg = require('pg');
const PAGE = 1000, STREAM = 'progress-reader';
const data = () => ({ unit_id: 'unit', kind: 'click', amount: 1 });

async function emmett() {
  const { getPostgreSQLEventStore, readMessagesBatch } = require('@event-driven-io/emmett-postgresql');
  const { dumbo } = require('@event-driven-io/dumbo');
  const pool = new pg.Pool({ connectionString: url, max: Number(connections) });
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pooled: true, pool } });
  await store.schema.migrate();
  const reader = dumbo({ connectionString: url });
  return {
    append: (stream, conditional) => store.appendToStream(
      stream, [{ type: 'ActivityRecorded', data: data() }],
      conditional ? { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' } : undefined),
    read: async (stream) => (await store.readStream(stream)).events.length,
    page: async (after) => {
      const { messages, currentGlobalPosition } = await readMessagesBatch(reader.execute, { after, batchSize: PAGE });
      return [messages.length, currentGlobalPosition];
    },
  };
}

async function messageDb() {
  const base = path.join(path.dirname(require.resolve('@eventide/message-db/package.json')), 'database');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("SET search_path TO message_store, public; SET client_min_messages TO warning");
  for (const folder of ['schema', 'tables', 'types', 'functions', 'indexes'])
    for (const file of readdirSync(path.join(base, folder)).sort())
      await client.query(readFileSync(path.join(base, folder, file), 'utf8').replaceAll('CONCURRENTLY ', ''));
  await client.end();
  const pool = new pg.Pool({
    connectionString: url, max: Number(connections), options: '-c search_path=message_store,public',
  });
  return {
    append: (stream, conditional) => pool.query({
      name: 'write', text: 'SELECT write_message($1, $2, $3, $4, $5, $6)',
      values: [randomUUID(), stream, 'ActivityRecorded', data(), {}, conditional ? -1 : null],
    }),
    read: async (stream) => (await pool.query({
      name: 'read', text: 'SELECT * FROM get_stream_messages($1, 0, $2)', values: [stream, PAGE],
    })).rowCount,
    page: async (after) => {
      const { rows } = await pool.query({
        name: 'page', text: "SELECT * FROM get_category_messages('progress', $1, $2)", values: [after + 1n, PAGE],
      });
      return [rows.length, rows.length ? BigInt(rows.at(-1).global_position) : after];
    },
  };
}

const peer = await { emmett, 'message-db': messageDb }[name]();
let numbers = 0;

async function measure({ what, writers, seconds, conditional }) {
  const started = performance.now(), end = started + 1000 * seconds;
  let done = 0, after = 0n;
  const worker = {
    append: async () => { await peer.append(`progress-${process.pid}x${numbers++}`, conditional); done += 1; },
    fill: async () => { await peer.append(STREAM, false); done += 1; },
    read: async () => { done += await peer.read(STREAM); },
    tail: async () => {
      const [found, last] = await peer.page(after);
      done += found;
      after = found < PAGE ? 0n : last;
    },
  }[what];
  if (what === 'fill') for (let number = 0; number < writers; number += 1) await worker();
  else await Promise.all(Array.from({ length: writers }, async () => { while (performance.now() < end) await worker(); }));
  return { rate: done / ((performance.now() - started) / 1000) };
}

console.log(JSON.stringify({ ready: true }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
process.exit(0);
