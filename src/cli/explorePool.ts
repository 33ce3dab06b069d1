/**
 * A large search on all cores: the tree is dealt out in parts, worker threads take them one after another, and what is done stands in a file, so
 * that a search that was stopped goes on with the parts that are left.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Tinypool } from 'tinypool';
import type { Searched } from '../explore/explore.js';
import { merge, nothingSeen, type Seen } from '../explore/search.js';
import type { Part } from '../explore/tree.js';
import { InputError } from './errors.js';
import type { ExploreArguments } from './exploreOptions.js';
import type { Job } from './exploreWorker.js';

/** Parts for each worker: the largest part may be late by so much less. */
const PARTS_PER_WORKER = 16;
/** With a file to go on from, the number of parts must not depend on the machine. */
const PARTS_IN_FILE = 64;

/** What a file of --resume holds. */
interface Saved {
  readonly epollsim: 'explore 1';
  /** what was searched, to be compared */
  readonly search: unknown;
  readonly of: number;
  readonly done: number[];
  readonly seen: Seen;
}

/** What of the command line says which runs there are. */
function searchOf(name: string, given: ExploreArguments): unknown {
  const { workers: _workers, resume: _resume, save: _save, format: _format, seconds: _seconds, ...search } = given;
  return JSON.parse(JSON.stringify({ name, ...search })) as unknown;
}

function read(path: string, search: unknown): Saved | null {
  if (!existsSync(path)) return null;
  let saved: Saved;
  try {
    saved = JSON.parse(readFileSync(path, 'utf8')) as Saved;
  } catch (error) {
    throw new InputError(`${path} is not a file of --resume: ${(error as Error).message}`, 'Give another name, or delete it and begin anew.');
  }
  if (saved.epollsim !== 'explore 1' || !Array.isArray(saved.done)) throw new InputError(`${path} is not a file of --resume`, 'Give another name; it is made by the first search.');
  if (JSON.stringify(saved.search) !== JSON.stringify(search)) {
    throw new InputError(`${path} belongs to another search: ${JSON.stringify(saved.search)}`, 'Give the same scenario and options, or another file.');
  }
  return saved;
}

/** Written beside and moved, so that a search that is killed leaves a whole file. */
function write(path: string, saved: Saved): void {
  writeFileSync(`${path}.new`, JSON.stringify(saved));
  renameSync(`${path}.new`, path);
}

/** How a search on all cores stands. */
export interface PoolProgress {
  readonly seen: Seen;
  readonly partsDone: number;
  readonly parts: number;
}

/** What it came to. */
export interface PoolResult extends Searched {
  readonly partsDone: number;
  readonly parts: number;
}

/**
 * Searches on worker threads.
 * @param shard the part of the whole that is this command's
 * @param stop aborted by Control-C: what is done so far is the result
 */
export async function explorePool(
  name: string, given: ExploreArguments, shard: Part, workers: number, stop: AbortSignal, progress: (progress: PoolProgress) => void,
): Promise<PoolResult> {
  const search = searchOf(name, given);
  const saved = given.resume === undefined ? null : read(given.resume, search);
  const parts = saved?.of ?? (given.resume === undefined ? workers * PARTS_PER_WORKER : PARTS_IN_FILE);
  const seen = saved?.seen ?? nothingSeen();
  const done = saved?.done ?? [];
  const left = Array.from({ length: parts }, (_, at) => at + 1).filter((index) => !done.includes(index));
  const pool = new Tinypool({ filename: new URL('./exploreWorker.js', import.meta.url).href, minThreads: 1, maxThreads: workers, runtime: 'worker_threads' });
  const abort = new AbortController();
  stop.addEventListener('abort', () => abort.abort());
  if (stop.aborted) abort.abort();
  let complete = true;
  let odds = '';
  const one = async (index: number): Promise<void> => {
    // part `index` of this shard is one of all parts of all shards
    const job: Job = { name, given, part: { index: shard.index + (index - 1) * shard.of, of: parts * shard.of } };
    let searched: Searched;
    try {
      searched = (await pool.run(job, { signal: abort.signal })) as Searched;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      complete = false;
      return;
    }
    merge(seen, searched.seen);
    odds = searched.odds;
    if (searched.complete) {
      done.push(index);
      if (given.resume !== undefined) write(given.resume, { epollsim: 'explore 1', search, of: parts, done, seen });
    } else {
      complete = false;
    }
    if ((seen.first !== null && given.all !== true) || seen.schedules >= (given.schedules ?? Infinity)) abort.abort();
    progress({ seen, partsDone: done.length, parts });
  };
  try {
    const lane = async (): Promise<void> => { while (left.length > 0 && !abort.signal.aborted) await one(left.shift()!); };
    await Promise.all(Array.from({ length: workers }, lane));
  } finally {
    await pool.destroy();
  }
  return { seen, complete: complete && done.length === parts, odds, partsDone: done.length, parts };
}
