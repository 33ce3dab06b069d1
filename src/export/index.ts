/**
 * Runs in the formats of tools that people have: strace text, a function graph, Chrome trace JSON, pcapng, Mermaid, SVG, and the recording that brings
 * the run back. An export is a pure function of a capture.
 */

import { callGraph } from './callGraph.js';
import type { Capture } from './capture.js';
import { mermaid } from './mermaid.js';
import { pcapng } from './pcapng.js';
import { perfetto } from './perfetto.js';
import { svg } from './svg.js';

export { Capture, type CapturedCall } from './capture.js';
export { type CapturedPacket, type Endpoint, endpointText } from './packet.js';

/** A format: what it is, and how a run is written in it. */
export interface ExportFormat {
  readonly about: string;
  readonly write: (capture: Capture) => string | Uint8Array;
}

/** All formats by name. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = {
  strace: { about: 'the log of system calls, as strace -f -ttt writes it; epollsim replay reads it back', write: ({ machine }) => machine.strace({ times: true }) },
  calls: { about: 'kernel functions, as the function graph tracer prints them', write: callGraph },
  perfetto: { about: 'Chrome trace JSON for ui.perfetto.dev: tasks, calls, kernel functions, wake-ups', write: perfetto },
  pcapng: { about: 'packets with real headers and checksums, for Wireshark and tshark', write: pcapng },
  mermaid: { about: 'a sequence diagram as Mermaid text', write: mermaid },
  svg: { about: 'a sequence diagram as a picture', write: svg },
  recording: { about: 'the string that brings the run back', write: ({ machine }) => `${machine.recording}\n` },
};
