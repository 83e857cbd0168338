import { readCommandLine } from './command-line.js';

describe('the command line', () => {
  it('reads every flag', () => {
    const command = readCommandLine(
      ['--port=8080', '--host=127.0.0.2', '--apps=wx-a:one,wx-b:two', '--any-secret=of-{appid}'].concat([
        '--agents=sales:ww1:three',
        '--token-life=60',
        '--ticket-life=90',
        '--speed=12.5',
        '--latency=20',
        '--control',
      ]),
    );
    expect(command).toMatchObject({
      act: 'start',
      options: {
        port: 8080,
        host: '127.0.0.2',
        apps: [
          { appid: 'wx-a', secret: 'one' },
          { appid: 'wx-b', secret: 'two' },
        ],
        agents: [{ appid: 'sales', corpid: 'ww1', secret: 'three' }],
        tokenLifeSeconds: 60,
        ticketLifeSeconds: 90,
        speed: 12.5,
        latencyMs: 20,
        control: true,
      },
    });
    const options = command.act === 'start' ? command.options : {};
    expect(options.acceptAnyApp?.('wx-c')).toBe('of-wx-c');
  });

  it('needs no flag', () => {
    expect(readCommandLine([])).toMatchObject({ act: 'start' });
  });

  it('shows help', () => {
    expect(readCommandLine(['--help'])).toEqual({ act: 'help' });
  });

  it.each([
    ['--port=70000', '--port'],
    ['--port=x', '--port'],
    ['--apps=wx-a', '--apps: number 1'],
    ['--apps=wx-a:one:two', '--apps: number 1'],
    ['--agents=sales:ww1', '--agents: number 1'],
    ['--speed=0', '--speed'],
    ['--token-life=-1', '--token-life'],
    ['--nonsense', '--nonsense'],
    ['stray', 'stray'],
  ])('refuses %s', (flag, part) => {
    expect(readCommandLine([flag])).toEqual({ act: 'refuse', problem: expect.stringContaining(part) });
  });
});
