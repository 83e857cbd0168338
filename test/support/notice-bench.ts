import { Notices } from '../../src/notices/notices.service.js';
import { FakeClock, settle } from './fake-clock.js';
import { RobotServer } from './robot-server.js';
import { VirtualHub, type VirtualHubOptions } from './virtual-hub.js';

/** A real hub on a clock that stands still, and robots that check what they are sent; anew for each test of a suite. */
export class NoticeBench {
  clock = new FakeClock();
  readonly robots: RobotServer[] = [];
  #virtual: VirtualHub | undefined;

  static forEachTest(): NoticeBench {
    const bench = new NoticeBench();
    beforeEach(() => {
      bench.clock = new FakeClock();
    });
    afterEach(async () => {
      await bench.virtual.stop();
      expect(bench.robots.flatMap(({ refusals }) => refusals)).toEqual([]);
      for (const robot of bench.robots.splice(0)) await robot.close();
    });
    return bench;
  }

  get virtual(): VirtualHub {
    if (this.#virtual === undefined) throw new Error('no hub was started');
    return this.#virtual;
  }

  async robot(type: RobotServer['type'], secret?: string): Promise<RobotServer> {
    const started = await RobotServer.start(type, () => this.clock.wallNow(), secret);
    this.robots.push(started);
    return started;
  }

  async start(options: Omit<VirtualHubOptions, 'clock'>): Promise<void> {
    this.#virtual = await VirtualHub.start({ clock: this.clock, ...options });
  }

  /** Lets time pass; messages on their way arrive before it goes on. */
  async pass(ms: number): Promise<void> {
    const notices = this.virtual.hub.app.get(Notices);
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      await this.virtual.pass(Math.min(end - this.clock.now(), 500));
      while (notices.underWay > this.robots.reduce((sum, { held }) => sum + held, 0)) await settle();
    }
  }
}
