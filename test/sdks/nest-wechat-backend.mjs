/**
 * A backend with nest-wechat, as a process of its own: the SDK is CommonJS and requires @nestjs/common, which is ESM;
 * Node can do that, jest cannot. Takes {id, method, args} by IPC, answers {id, value} or {id, error}.
 */
import dns from 'node:dns';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import nestWechat from 'nest-wechat';

const WECHAT = 'https://api.weixin.qq.com';
const ISSUED_BY_HUB = /^\/cgi-bin\/(token|stable_token|ticket\/getticket)\b/;

let service;
/** Where tokens and tickets come from, and where all other calls go. */
let urls;

// What docs/sdks.md tells users to do: the axios that nest-wechat itself has. (In a CommonJS project: require('axios').)
const axios = createRequire(import.meta.resolve('nest-wechat'))('axios');
axios.interceptors.request.use((config) => {
  if (config.url?.startsWith(WECHAT) !== true) return config;
  const path = config.url.slice(WECHAT.length);
  config.url = `${ISSUED_BY_HUB.test(path) ? urls.tokensAt : urls.callsAt}${path}`;
  return config;
});

const lookedUp = [];
const { lookup } = dns;
dns.lookup = (name, ...rest) => {
  if (isIP(name) === 0) lookedUp.push(name);
  return lookup.call(dns, name, ...rest);
};

const acts = {
  connect: (appId, secret, tokensAt, callsAt) => {
    service = new nestWechat.WeChatService({ appId, secret });
    urls = { tokensAt, callsAt };
  },
  lookedUp: () => lookedUp,
  getPhoneNumber: async (code) => (await service.mp.getPhoneNumber(code, await service.getToken())).data,
};

process.on('message', async ({ id, method, args }) => {
  try {
    const act = acts[method] ?? service[method].bind(service);
    process.send({ id, value: await act(...args) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
