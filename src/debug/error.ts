/** What is wrong with a question to a debug session: one sentence, with what was expected. */
export class DebugError extends Error {
  override readonly name = 'DebugError';
}
