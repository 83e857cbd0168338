import { Client, type Dispatcher } from 'undici';

/** A call that wants to know whether it goes out on a connection that has served before. */
export interface CallOptions extends Dispatcher.DispatchOptions {
  onUsedConnection?(): void;
}

/**
 * One connection at a time, as undici has it, that knows whether the one of now is used: what serves from behind a NAT
 * gateway or a load balancer may have dropped such a connection without a word.
 */
export class CountingClient extends Client {
  #isUsed = false;

  constructor(origin: URL, options: Client.Options) {
    super(origin, options);
    const isGone = (): void => {
      this.#isUsed = false;
    };
    this.on('disconnect', isGone);
    this.on('connectionError', isGone);
  }

  override dispatch(options: CallOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#isUsed) options.onUsedConnection?.();
    this.#isUsed = true;
    return super.dispatch(options, handler);
  }
}
