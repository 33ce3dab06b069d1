/**
 * `epollsim claims`: what popular texts say about I/O multiplexing, and what Linux does. A table of all, or one claim with its story, the evidence
 * and the answer of a real kernel.
 */

import { chartLines, type Claim, claimNamed, claims, curveOf, type Evidence, judge, type Judgement, measured, recorded, RECORDED_ON, type Verdict } from '../claims/index.js';
import { InputError } from './errors.js';
import { coloursFor, print, widthOf, wrap } from './output.js';

export interface ClaimsOptions {
  readonly format: string;
}

const VERDICT_WIDTH = 'holds with a condition'.length;

function colourOf(verdict: Verdict): 'green' | 'yellow' | 'red' | 'dim' {
  const colours = { 'holds': 'green', 'holds with a condition': 'yellow', 'wrong on Linux': 'red', 'text': 'dim' } as const;
  return colours[verdict];
}

function find(id: string): Claim {
  const claim = claimNamed(id);
  if (claim !== null) return claim;
  const family = claims.filter((each) => each.id[0] === id[0]?.toUpperCase());
  const known = (family.length === 0 ? [claims[0]!, claims.at(-1)!] : [family[0]!, family.at(-1)!]).map((each) => each.id);
  throw new InputError(`there is no claim ${id}; expected an id such as ${known[0]} or ${known[1]}`, 'epollsim claims lists all of them.');
}

function printTable(): void {
  const colours = coloursFor(process.stdout);
  const width = widthOf(process.stdout);
  const indent = 5 + VERDICT_WIDTH + 2;
  for (const { id, verdict, says } of claims) {
    const lines = wrap(says, Math.max(40, width - indent));
    print(`${colours.bold(id.padEnd(5))}${colours[colourOf(verdict)](verdict.padEnd(VERDICT_WIDTH))}  ${lines[0]!}`);
    for (const line of lines.slice(1)) print(`${' '.repeat(indent)}${line}`);
  }
  const count = (verdict: Verdict): number => claims.filter((claim) => claim.verdict === verdict).length;
  print(`\n${claims.length} claims: ${count('holds')} hold, ${count('holds with a condition')} with a condition, ${count('wrong on Linux')} are wrong on Linux, ${count('text')} about other systems`);
  print('Next: epollsim claims F17 shows the claim, its story and the evidence; epollsim run claim-f17 what each of its calls changes inside');
}

/** The log of the story; under a call what it is evidence of. */
function printStory({ machine, evidence }: Judgement): void {
  const colours = coloursFor(process.stdout);
  const marks = new Map<number, Evidence[]>();
  for (const one of evidence) marks.set(one.line, [...(marks.get(one.line) ?? []), one]);
  machine.strace().trimEnd().split('\n').forEach((line, index) => {
    print(`  ${line}`);
    for (const { like, text, step } of marks.get(index + 1) ?? []) print(like ? colours.green(`      as claimed: ${text} (step ${step})`) : colours.yellow(`      unlike the claim: ${text} (step ${step})`));
  });
}

function printReal(id: string): void {
  const real = recorded[id];
  if (real === undefined) return print(`\nA real kernel has not been asked about ${id} yet.`);
  if (real.why !== undefined) return print(`\nNo call of the story was compared with a real kernel: ${real.why}.`);
  print(`\n${RECORDED_ON} was asked the same: ${real.compared} of ${real.of} calls, in the same order, all with the same answers${real.answers.length === 0 ? '.' : ', among them'}`);
  for (const answer of real.answers) print(`  ${answer}`);
  for (const open of real.undetermined) print(`  not determined: ${open}`);
}

function printCurve({ id, curve }: Claim): void {
  if (curve === undefined) return;
  print('\nCounted in the model');
  for (const line of chartLines(curve.across, curve.unit, curve.sizes, curveOf(curve))) print(`  ${line}`);
  const real = measured[id];
  if (real === undefined) return;
  print(`Measured on ${RECORDED_ON}`);
  for (const line of chartLines(curve.across, real.unit, real.sizes, real.series)) print(`  ${line}`);
}

function printOne(claim: Claim): void {
  const colours = coloursFor(process.stdout);
  const width = widthOf(process.stdout);
  for (const line of wrap(`${claim.id}: ${claim.claim}`, width)) print(colours.bold(line));
  print(`Verdict: ${colours[colourOf(claim.verdict)](claim.verdict)}`);
  for (const line of wrap(claim.says, width)) print(line);
  if (claim.programs === null) return print(`Source: ${claim.source}`);
  const judgement = judge(claim);
  print('\nThe story');
  printStory(judgement);
  for (const failure of judgement.failures) print(colours.red(`\nnot as it should be: ${failure}`));
  printReal(claim.id);
  printCurve(claim);
  print(`\nNext: epollsim run claim-${claim.id.toLowerCase()}`);
}

/** A claim as JSON: the verdict that its run has just shown, with the evidence. */
function jsonOf(claim: Claim): object {
  const { id, claim: statement, says, source, curve } = claim;
  const judgement = claim.programs === null ? null : judge(claim);
  return {
    id, claim: statement, verdict: claim.verdict, says, ...(source === undefined ? {} : { source }),
    ...(judgement === null ? {} : { scenario: `claim-${id.toLowerCase()}`, shown: judgement.verdict, evidence: judgement.evidence, failures: judgement.failures }),
    ...(curve === undefined ? {} : { curve: { across: curve.across, unit: curve.unit, sizes: curve.sizes, series: curveOf(curve) } }),
    kernel: RECORDED_ON, real: recorded[id] ?? null, measured: measured[id] ?? null,
  };
}

/** Runs the command. Exit code 1: a run did not show the verdict. */
export function claimsCommand(ids: readonly string[], { format }: ClaimsOptions): void {
  const chosen = ids.map(find);
  if (format === 'json') {
    const rows = (chosen.length === 0 ? claims : chosen).map(jsonOf) as { failures?: readonly string[]; verdict: string; shown?: string }[];
    print(JSON.stringify(rows, null, 1));
    if (rows.some(({ failures = [], verdict, shown = verdict }) => failures.length > 0 || shown !== verdict)) process.exitCode = 1;
    return;
  }
  if (chosen.length === 0) return printTable();
  chosen.forEach((claim, index) => {
    if (index > 0) print();
    printOne(claim);
  });
}
