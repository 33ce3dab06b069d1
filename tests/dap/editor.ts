/** An editor for tests: the protocol's own test client, connected to an adapter of this process, with helpers that wait for what a move leads to. */

import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { openTrace } from '../../src/cli/dap.js';
import { Adapter } from '../../src/dap/index.js';

type Stopped = DebugProtocol.StoppedEvent['body'];

/** A variable with what is in it. */
export interface Unfolded {
  readonly [name: string]: string | Unfolded;
}

export class Editor {
  readonly client: DebugClient;
  /** what the session has printed */
  readonly output: string[] = [];
  private readonly end: () => void;
  stop: Stopped | null = null;
  capabilities: DebugProtocol.Capabilities = {};

  constructor(client: DebugClient, end: () => void = () => {}) {
    this.client = client;
    this.end = end;
    client.on('output', ({ body }: DebugProtocol.OutputEvent) => this.output.push(`${body.category}: ${body.output.trimEnd()}`));
    client.on('stopped', ({ body }: DebugProtocol.StoppedEvent) => { this.stop = body; });
  }

  /** An editor that is connected and has launched nothing. */
  static async connect(): Promise<Editor> {
    const sockets: Socket[] = [];
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket);
      const adapter = new Adapter(openTrace);
      adapter.setRunAsServer(true);
      adapter.start(socket, socket);
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const client = new DebugClient('node', 'none', 'epollsim');
    await client.start((server.address() as AddressInfo).port);
    return new Editor(client, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  /** The next event of a kind. */
  event<Body>(kind: string): Promise<Body> {
    return new Promise((resolve) => { this.client.once(kind, ({ body }: { body: Body }) => resolve(body)); });
  }

  /** Launches, and waits for the first stop. */
  async launch(configuration: object): Promise<Stopped> {
    const initialized = this.event('initialized');
    const stopped = this.event<Stopped>('stopped');
    const { body } = await this.client.initializeRequest({ adapterID: 'epollsim', pathFormat: 'path', linesStartAt1: true, columnsStartAt1: true, supportsInvalidatedEvent: true });
    this.capabilities = body!;
    await this.client.launchRequest(configuration as DebugProtocol.LaunchRequestArguments);
    await initialized;
    await this.client.configurationDoneRequest();
    return stopped;
  }

  static async launched(configuration: object): Promise<Editor> {
    const editor = await Editor.connect();
    try {
      await editor.launch(configuration);
    } catch (error) {
      await editor.close();
      throw error;
    }
    return editor;
  }

  /** Makes a request that moves, and waits for where it stops. */
  async move(request: (client: DebugClient, threadId: number) => Promise<unknown>): Promise<Stopped> {
    const stopped = this.event<Stopped>('stopped');
    await request(this.client, this.stop?.threadId ?? 1);
    return stopped;
  }

  next = (granularity?: DebugProtocol.SteppingGranularity): Promise<Stopped> => this.move((c, threadId) => c.nextRequest({ threadId, ...(granularity === undefined ? {} : { granularity }) }));
  stepIn = (targetId?: number): Promise<Stopped> => this.move((c, threadId) => c.stepInRequest({ threadId, ...(targetId === undefined ? {} : { targetId }) }));
  stepOut = (): Promise<Stopped> => this.move((c, threadId) => c.stepOutRequest({ threadId }));
  back = (granularity?: DebugProtocol.SteppingGranularity): Promise<Stopped> => this.move((c, threadId) => c.stepBackRequest({ threadId, ...(granularity === undefined ? {} : { granularity }) }));
  run = (): Promise<Stopped> => this.move((c, threadId) => c.continueRequest({ threadId }));
  reverse = (): Promise<Stopped> => this.move((c, threadId) => c.reverseContinueRequest({ threadId }));

  /** The step number that the editor stands at. */
  get step(): number {
    return Number(/at step (\d+)/.exec(this.stop!.description!)![1]);
  }

  async frames(threadId = this.stop!.threadId!): Promise<DebugProtocol.StackFrame[]> {
    return (await this.client.stackTraceRequest({ threadId })).body.stackFrames;
  }

  /** The scopes of the innermost frame, or of another, by name. */
  async scopes(frame?: DebugProtocol.StackFrame): Promise<Record<string, number>> {
    const { body } = await this.client.scopesRequest({ frameId: (frame ?? (await this.frames())[0]!).id });
    return Object.fromEntries(body.scopes.map(({ name, variablesReference }) => [name, variablesReference]));
  }

  async variables(variablesReference: number): Promise<DebugProtocol.Variable[]> {
    return (await this.client.variablesRequest({ variablesReference })).body.variables;
  }

  /** Everything in a scope, to a depth. */
  async unfold(variablesReference: number, depth: number): Promise<Unfolded> {
    const found: Record<string, string | Unfolded> = {};
    for (const { name, value, variablesReference: more } of await this.variables(variablesReference)) {
      found[name] = more === 0 || depth === 0 ? value : { '': value, ...await this.unfold(more, depth - 1) };
    }
    return found;
  }

  async say(expression: string, context = 'repl'): Promise<string> {
    return (await this.client.evaluateRequest({ expression, context })).body.result;
  }

  async close(): Promise<void> {
    await this.client.stop();
    this.end();
  }
}
