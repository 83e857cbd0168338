import { parseRedisUrl, redisUrlFlaw } from './redis-url.js';

describe('redisUrlFlaw', () => {
  it.each([
    'redis://localhost',
    'redis://localhost:6379',
    'redis://localhost:6379/',
    'redis://localhost:6379/2',
    'rediss://user:p%40ss@redis.example.com:6380/0',
    'redis://:s3cret!$@10.0.0.1:6379',
    'redis://[::1]:6379',
    'redis+sentinel://a:26379,b:26379,[::1]:26379/mymaster',
    'redis+sentinel://:pw@a:26379/my.master-1',
    'redis+cluster://a:7000,b:7001',
    'redis+cluster://user:pw@a:7000/',
    'rediss+sentinel://a:26379,b:26379/mymaster',
    'rediss+cluster://a:7000,b:7001',
  ])('lets %s pass', (url) => {
    expect(redisUrlFlaw(url)).toBeUndefined();
  });

  it.each([
    ['localhost:6379', /must begin with redis:/],
    ['http://localhost', /must begin with/],
    ['REDIS://localhost', /in lower case/],
    ['redis://', /must name a host/],
    ['redis://:hunter2@', /must name a host/],
    ['redis://host:0', /must name a host/],
    ['redis://host:65536', /must name a host/],
    ['redis://host:6379/cache', /number of a database/],
    ['redis://hunter2/hunter2@host', /password that cannot be read/],
    ['redis://:hunter2#@host', /percent-encode/],
    ['redis://:hunter2%zz@host', /password that cannot be read/],
    ['redis://host?password=hunter2', /query/],
    ['redis://host :6379', /white space/],
    ['redis://a:1,b:2', /several hosts/],
    ['redis+sentinel://a:26379,b:26379', /name that the Sentinels know/],
    ['redis+sentinel://a,b:26379/mymaster', /each host with its port/],
    ['redis+cluster://a:7000,', /each host with its port/],
    ['redis+cluster://a:7000/hunter2', /nothing after the hosts/],
    ['rediss+cluster://a:7000/hunter2', /nothing after the hosts/],
    ['rediss+sentinel://a:26379', /name that the Sentinels know/],
    ['redisss://a:7000', /must begin with/],
  ])('refuses %s', (url, message) => {
    const flaw = redisUrlFlaw(url);
    expect(flaw).toMatch(message);
    expect(flaw).not.toContain('hunter2');
  });
});

describe('parseRedisUrl', () => {
  const target = {
    topology: 'standalone',
    tls: false,
    username: undefined,
    password: undefined,
    database: 0,
    masterName: undefined,
  };

  it.each([
    ['redis://localhost', { places: [{ host: 'localhost', port: 6379 }] }],
    ['redis://localhost/', { places: [{ host: 'localhost', port: 6379 }] }],
    [
      'redis://:s3cret!$@10.0.0.1:6380/2',
      { places: [{ host: '10.0.0.1', port: 6380 }], password: 's3cret!$', database: 2 },
    ],
    [
      'rediss://user:p%40s:s@redis.example.com:6380',
      { tls: true, places: [{ host: 'redis.example.com', port: 6380 }], username: 'user', password: 'p@s:s' },
    ],
    ['redis://[::1]:7000', { places: [{ host: '::1', port: 7000 }] }],
    ['redis://[fe80::1]', { places: [{ host: 'fe80::1', port: 6379 }] }],
    [
      'redis+sentinel://:pw@a:26379,[::1]:26380/my.master-1',
      {
        topology: 'sentinel',
        places: [
          { host: 'a', port: 26379 },
          { host: '::1', port: 26380 },
        ],
        password: 'pw',
        masterName: 'my.master-1',
      },
    ],
    [
      'redis+cluster://a:7000,b:7001',
      {
        topology: 'cluster',
        places: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    [
      'rediss+sentinel://user:pw@a:26379/mymaster',
      {
        topology: 'sentinel',
        tls: true,
        places: [{ host: 'a', port: 26379 }],
        username: 'user',
        password: 'pw',
        masterName: 'mymaster',
      },
    ],
    ['rediss+cluster://a:7000', { topology: 'cluster', tls: true, places: [{ host: 'a', port: 7000 }] }],
  ])('takes %s apart', (url, parts) => {
    expect(parseRedisUrl(url)).toEqual({ ...target, ...parts });
  });

  it('never repeats a part of a URL with a flaw', () => {
    expect(() => parseRedisUrl('redis://:hunter2#@host')).toThrow(/^HUB_REDIS_URL must not ((?!hunter2).)*$/);
  });
});
