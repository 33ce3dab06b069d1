/**
 * What an echo owes to its clients: all they sent, as it was. With another function of what was sent it is the law of any server whose
 * answer follows from the question.
 */

import type { file } from '../../kernel/file.js';
import { EAGAIN, EINTR } from '../../kernel/errno.js';
import type { task_struct } from '../../kernel/task.js';
import { taskName } from '../../inspect/names.js';
import { textOf } from '../../scenario/bytes.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { bytesOf, fdOf, fileOf, givenTo, useOf } from './look.js';
import { law } from './make.js';
import { Bytes, firstDifference } from './streams.js';

interface Conversation {
  readonly task: task_struct;
  readonly sent: Bytes;
  /** sent, and what a write under way was given: it may come back before the write has returned */
  offered: Uint8Array;
  readonly got: Bytes;
  closed: boolean;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const shown = (bytes: Uint8Array): string => JSON.stringify(textOf(bytes.length > 40 ? bytes.subarray(0, 40) : bytes)) + (bytes.length > 40 ? '...' : '');

/**
 * Whoever connects gets back what it sent, and nothing else: no byte lost, doubled or out of order. A client that closes is not owed the
 * rest; one that is told of the end, or that waits for ever (in a read, or in epoll_wait, poll, select), is.
 * @param answer what a client that sent this is to get; default: the same
 */
export function everyByteComesBack(answer: (sent: Uint8Array) => Uint8Array = (sent) => sent): Law {
  return law('every-byte-comes-back', 'A client that does not get back what it sent: a byte is missing, doubled or out of order.', (_m, accuse) => {
    const talks = new Map<file, Conversation>();
    const running = new Map<CallEvent, Conversation>();
    const sleepers = new Map<task_struct, CallEvent>();
    const check = ({ task, sent, offered, got }: Conversation, whole: string | null): void => {
      const who = taskName(task);
      const owed = answer(offered);
      if (firstDifference(owed, got.all) >= 0 || got.length > owed.length) return accuse(`${who} sent ${shown(offered)} and got back ${shown(got.all)}`);
      if (whole !== null && got.length < answer(sent.all).length) accuse(`${who} sent ${shown(sent.all)} and got back only ${shown(got.all)}: ${whole}`);
    };
    const begin = (event: CallEvent): void => {
      const file = fileOf(event.task, fdOf(event));
      if (file === null) return;
      if (event.row.name === 'connect' && !talks.has(file)) {
        talks.set(file, { task: event.task, sent: new Bytes(), offered: new Uint8Array(0), got: new Bytes(), closed: false });
      }
      const talk = talks.get(file);
      if (talk === undefined) return;
      running.set(event, talk);
      const use = useOf(event);
      if (use === 'close') talk.closed = true;
      if (use === 'write') talk.offered = join(talk.sent.all, givenTo(event));
    };
    const end = (event: CallEvent, talk: Conversation, ret: number): void => {
      const use = useOf(event);
      if (use === 'write') {
        if (ret > 0) talk.sent.append(bytesOf(event, ret));
        talk.offered = talk.sent.all;
      }
      if (use !== 'read') return;
      if (ret > 0) talk.got.append(bytesOf(event, ret));
      check(talk, ret > 0 || ret === -EAGAIN || ret === -EINTR ? null : ret === 0 ? 'then came the end' : 'then the connection broke');
    };
    return {
      called(event): void {
        const use = useOf(event);
        if (use === 'read' || use === 'wait') {
          if (event.ret === null) sleepers.set(event.task, event);
          else sleepers.delete(event.task);
        }
        if (event.ret === null) return begin(event);
        const talk = running.get(event);
        running.delete(event);
        if (talk !== undefined) end(event, talk, event.ret);
      },
      ended(): void {
        for (const talk of talks.values()) if (!talk.closed && sleepers.has(talk.task)) check(talk, 'and no more will come');
      },
    };
  });
}
