/**
 * The debug adapter: a debug session of src/debug behind the Debug Adapter Protocol, for editors. docs/debugging.md, "In the editor", is the guide. It
 * translates and holds no semantics; how a trace is found is told to it by who starts it.
 */

export { Adapter } from './adapter.js';
export { LAUNCH_ATTRIBUTES, type Launch, type OpenTrace, readLaunch } from './launch.js';
