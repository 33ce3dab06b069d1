/** Small runs to be asked about: programs on a machine, held in a session. */

import { AF_INET, type Program, type Scenario, type Sleeps, SOCK_NONBLOCK, SOCK_STREAM, type Sys } from 'epollsim';
import type { Explanation, Hazard } from '../../src/inspect/explain.js';
import { scenarioSource, Session } from '../../src/debug/index.js';

/** A session over these programs. */
export function asked(programs: Readonly<Record<string, Program>> | Program): Session {
  const scenario: Scenario = { name: 'asked', title: 'asked', about: 'asked', programs: () => (typeof programs === 'function' ? { main: programs } : programs) };
  const session = new Session(scenarioSource(scenario));
  if (session.run.error !== null) throw session.run.error;
  return session;
}

/** Both ends of a TCP connection: [client, server, listener]. */
export function* connected(sys: Sys): Sleeps<[number, number, number]> {
  const listener = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  sys.must(yield* sys.bind(listener, { port: 80 }));
  sys.must(yield* sys.listen(listener, 8));
  const client = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  sys.must(yield* sys.connect(client, { port: 80 }));
  const server = sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
  return [client, server, listener];
}

/** The steps of a chain without ids: who came before whom. */
export function texts({ links }: Explanation): string[] {
  return links.map(({ text, missing }) => `${missing ? 'MISSING ' : ''}${text.replace(/\b(ep|pipe|sock|eventfd|timerfd|file)#\d+/g, '$1')}`);
}

/** Every link is a step of the run, and they go forward in time. */
export function expectSound(session: Session, explanation: Explanation): void {
  const steps = explanation.links.map(({ step }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  for (const { step, text, missing } of explanation.links) if (!missing) expect(session.sentence(step)).toBe(text);
  expect(`${explanation.answer}${explanation.links.map(({ text }) => text).join()}`).not.toMatch(/undefined|NaN|null|step -1/);
}

export const kinds = (hazards: readonly Hazard[]): string[] => hazards.map(({ kind }) => kind);
