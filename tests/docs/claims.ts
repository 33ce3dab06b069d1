/** docs/claims.md and docs/herd.md: the claims with their verdicts, and the ways against the thundering herd, as they are measured here and now. */

import { chartLines, type Claim, claims, curveOf, HERD_WAYS, type HerdCounts, type HerdWay, measured, measureHerd, recorded, RECORDED_ON, type Verdict } from '../../src/claims/index.js';

const FAMILIES: Readonly<Record<string, string>> = {
  A: 'select, poll, epoll', B: 'The level-triggered and the edge-triggered way of working', C: 'Level against edge', D: 'The listening descriptor', E: 'Why non-blocking', F: 'Inside epoll',
  G: 'From the socket to epoll', H: 'Reactor and Proactor', J: 'Calls', K: 'Connection and buffers', L: 'close and shutdown', M: 'RST and FIN', N: 'What a server sees, what a client sees', P: 'errno',
};

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/</g, '&lt;').replace(/\*/g, '\\*');

/** How much of the story a real kernel was asked. */
function realOf(id: string): string {
  const real = recorded[id];
  if (real === undefined) return '';
  return real.compared === 0 ? 'no' : real.compared === real.of ? `all ${real.of} calls` : `${real.compared} of ${real.of} calls`;
}

function rowOf({ id, claim, verdict, says }: Claim): string {
  return `| ${id} | ${cell(claim)} | ${verdict} | ${cell(says)} | ${realOf(id)} |`;
}

function curvesOf({ id, curve }: Claim): string[] {
  if (curve === undefined) return [];
  const real = measured[id]!;
  return [
    '', `${id}, counted in the model, and measured on ${RECORDED_ON}:`, '', '```text', ...chartLines(curve.across, curve.unit, curve.sizes, curveOf(curve)), '',
    ...chartLines(curve.across, real.unit, real.sizes, real.series), '```',
  ];
}

function familyOf(letter: string): string[] {
  const family = claims.filter(({ id }) => id[0] === letter);
  return ['', `## ${letter}. ${FAMILIES[letter]!}`, '', '| id | claim | on Linux | what is so | asked on a real kernel |', '|---|---|---|---|---|', ...family.map(rowOf), ...family.flatMap(curvesOf)];
}

/** The page of the claims. */
export function claimsPage(): string {
  const count = (verdict: Verdict): number => claims.filter((claim) => claim.verdict === verdict).length;
  const rows = Object.values(recorded);
  const sum = (value: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + value(row), 0);
  return [
    '# What popular texts say, and what Linux does', '', 'Written by `npm run docs`; do not edit.', '',
    `${claims.length} claims about select, poll, epoll and sockets: ${count('holds')} hold, ${count('holds with a condition')} hold with a condition, ${count('wrong on Linux')} are wrong on Linux, ${count('text')} are about other systems. A verdict is not`,
    'written down but shown: each claim has a story, a few system calls, that marks what is like the claim and what is unlike it, and a test holds that the marks lead to the verdict, under other schedules too.', '',
    `The same calls were made on a real ${RECORDED_ON}, in the same order: ${sum(({ compared }) => compared)} of ${sum(({ of }) => of)} calls, each with the answer of the model. What was not asked depends on real time, or needs several computers.`, '',
    '```console', '$ epollsim claims F17', '$ epollsim run claim-f17', '$ epollsim claims --format json', '```', '',
    'The first shows the story call by call with the evidence, its steps, and the answer of the real kernel; the second what each call changes inside.',
    ...Object.keys(FAMILIES).flatMap(familyOf),
  ].join('\n') + '\n';
}

const WAYS = Object.keys(HERD_WAYS) as HerdWay[];

function herdRow(way: HerdWay): string {
  const cells = ({ wakeups, accepts, eagains }: HerdCounts): string => [wakeups, accepts, eagains].map((value) => String(Math.round(value * 100) / 100)).join(' | ');
  return `| \`${way}\` | ${HERD_WAYS[way]} | ${cells(measureHerd(way, 'at-once'))} | ${cells(measureHerd(way, 'late'))} |`;
}

const ONE_EPOLL = `import { EPOLL_CTL_ADD, EPOLLET, EPOLLIN, machine } from 'epollsim';

const m = machine();
const order = [];
m.process('main', function* (sys) {
  const [r, w] = yield* sys.pipe();
  const ep = yield* sys.epoll_create1();
  yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLET });
  for (const name of ['first', 'second', 'third']) {
    yield* sys.thread(function* waiter(sys) {
      yield* sys.epoll_wait(ep, 1, -1);
      order.push(name);
    });
    yield* sys.msleep(1);
  }
  for (let i = 0; i < 3; i++) {
    yield* sys.write(w, 'x');
    yield* sys.msleep(1);
  }
});
m.run();
order.join(' '); // => third second first`;

const MANY_EPOLLS = `import { EPOLL_CTL_ADD, EPOLLEXCLUSIVE, EPOLLIN, machine } from 'epollsim';

const m = machine();
const order = [];
m.process('main', function* (sys) {
  const [r, w] = yield* sys.pipe();
  for (const name of ['first', 'second']) {
    yield* sys.thread(function* waiter(sys) {
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLEXCLUSIVE });
      for (let i = 0; i < 3; i++) {
        if ((yield* sys.epoll_wait(ep, 1, 50)).ret === 0) return;
        order.push(name);
        yield* sys.read(r, 1);
      }
    });
    yield* sys.msleep(1);
  }
  for (let i = 0; i < 3; i++) {
    yield* sys.write(w, 'x');
    yield* sys.msleep(1);
  }
});
m.run();
order.join(' '); // => first first first`;

/** The page of the herd. */
export function herdPage(): string {
  return [
    '# The thundering herd', '', 'Written by `npm run docs`; do not edit.', '',
    'Four workers wait for connections of one port, and eight connections come one at a time, when all workers sleep. How often does a worker get up for each of them, and how often in vain? `at once`: a worker that is woken calls',
    'accept immediately. `late`: it does something else for a millisecond first, as a busy machine does to any program. Counts are for one connection.', '',
    '| way | what it is | wake-ups, at once | accepts | EAGAINs | wake-ups, late | accepts | EAGAINs |', '|---|---|---|---|---|---|---|---|', ...WAYS.map(herdRow), '',
    '```console', '$ epollsim run herd-ways --option way=own-epoll --option accept=late', '```', '',
    'How to read it:', '',
    '- On an idle machine with one CPU a quick accept hides the herd: a worker that gets the CPU when the connection is gone looks at the listening socket once more, inside epoll_wait, finds nothing and sleeps on. The wake-up was',
    '  made all the same; the program does not see it.',
    '- One shared epoll wakes one worker for an event. Level-triggered, that worker puts the item back as it reports it, finds the list not empty at the end of its scan, and wakes the next one: who is late to accept has them all up.',
    '- Edge-triggered, the worker must accept until EAGAIN, so each event ends with one: it is the price of the loop, not of a herd.',
    '- EPOLLONESHOT costs an epoll_ctl for each connection, the mutex two system calls here and none in nginx, where it is an atomic word in shared memory; SO_REUSEPORT makes as many queues as workers, and a connection waits for',
    '  its worker even when another is idle.', '',
    '## Who is served first', '',
    'Those who wait on **one epoll** stand on its wait queue, and each new one stands in front: the last one that went to sleep is woken first. Under light load the same worker serves everything.', '',
    '```ts', ONE_EPOLL, '```', '',
    'With **an epoll for each and EPOLLEXCLUSIVE** the items stand on the wait queue of the listening socket in the order of their EPOLL_CTL_ADD, and stay there: the first one whose epoll has a sleeper gets every event, as long as',
    'it is back in time.', '',
    '```ts', MANY_EPOLLS, '```', '',
    'So neither spreads the load; SO_REUSEPORT does, by a hash of the addresses.',
  ].join('\n') + '\n';
}
