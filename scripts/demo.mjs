// npm run demo: a WeChat simulator and the hub on it, with curl lines to paste. No account, no Redis.
import { buildIfNeeded } from './lib/build.mjs';
import { startHub, startSimulatorWithApps } from './lib/local-stack.mjs';

buildIfNeeded();
const stack = await startSimulatorWithApps();
const { hub, listening } = startHub(
  // Free ports where the usual ones are not asked for: a demo must not fail because something runs on 3000.
  {
    HUB_HOST: '127.0.0.1',
    HUB_PORT: process.env.HUB_PORT ?? '0',
    HUB_OPS_PORT: process.env.HUB_OPS_PORT ?? '0',
    ...stack.environment,
  },
  { onLine: (line) => process.env.DEMO_LOG === '1' && process.stdout.write(`${line}\n`) },
);
hub.once('exit', async (code) => {
  await stack.close();
  process.exit(code ?? 1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => hub.kill('SIGTERM'));

const { port, opsPort } = await listening;
const url = `http://127.0.0.1:${port}`;
const auth = `-H 'Authorization: Bearer ${stack.key}'`;
const [mini, official] = stack.apps;

process.stdout.write(`
The hub runs on ${url}, WeChat is played by the simulator on ${stack.simulatorUrl}. Paste these:

# for the examples of the README
export WXHUB_URL='${url}' WXHUB_OPS_URL='http://127.0.0.1:${opsPort}'
export WXHUB_KEY='${stack.key}' APPID=${mini.appid} WECHAT_URL='${stack.simulatorUrl}'

# the access_token of an app, with the seconds it is good for
curl -s ${auth} ${url}/v1/apps/${mini.appid}/token

# another app, which uses the older token API
curl -s ${auth} ${url}/v1/apps/${official.appid}/token

# how all apps are doing
curl -s ${auth} ${url}/admin/apps

# a wrong key gets nothing
curl -si -H 'Authorization: Bearer none-of-the-keys-that-the-hub-knows' ${url}/v1/apps/${mini.appid}/token

# the console: open this in a browser and sign in with the key above
http://127.0.0.1:${opsPort}/console

# metrics
curl -s http://127.0.0.1:${opsPort}/metrics | grep wxhub_token

Ctrl-C ends it.
`);
