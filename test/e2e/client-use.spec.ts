import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** Who still uses the old key? */

it('counts what each key was let in for, in metrics and console, and tells apps by name', async () => {
  const [admin, team] = [testKey('admin'), testKey('team')];
  const virtual = await VirtualHub.start({
    apps: [{ appid: 'wx-shop', name: 'Shop', secret: 'simulated-secret-of-wx-shop' }],
    clients: [
      { id: 'admin', key: admin, apps: '*', may: ['admin'] },
      { id: 'team', key: team, apps: ['wx-shop'], may: ['read'] },
      { id: 'batch', allowIps: ['127.0.0.1'], apps: ['wx-shop'], may: ['read'] },
    ],
  });
  try {
    for (let times = 0; times < 3; times++) await virtual.hub.get('/v1/apps/wx-shop/token', bearer(team));
    await virtual.hub.get('/v1/apps/wx-shop/token');
    const { text } = await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`);
    const lines = text.split('\n').filter((line) => line.startsWith('wxhub_client_requests_total{'));
    expect(lines.map((line) => line.replace(/key="[^"]+"/, 'key="…"'))).toEqual([
      'wxhub_client_requests_total{client="admin",key="…"} 0',
      'wxhub_client_requests_total{client="team",key="…"} 3',
      'wxhub_client_requests_total{client="batch",key=""} 1',
    ]);
    expect(text).toContain('wxhub_app_info{appid="wx-shop",name="Shop"} 1');
    const { json } = await virtual.hub.get(`${virtual.hub.opsUrl}/console/api/clients`, bearer(admin));
    expect(json.clients[1]).toMatchObject({
      apps: [{ appid: 'wx-shop', name: 'Shop' }],
      keys: [{ requests: 3, lastUsedAt: Math.round(virtual.clock.wallNow()) }],
    });
    const root = await fetch(`${virtual.hub.opsUrl}/`, { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/console']);
  } finally {
    await virtual.stop();
  }
});
