"""wechatpy, set up by the lines of docs/sdks.md. One request a line on stdin, one answer a line on stdout.

The only argument is the file that holds those lines.
"""

import json
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatException

DOCUMENTED = open(sys.argv[1], encoding="utf-8").read()
resolve = socket.getaddrinfo


def only_loopback(host, *rest, **more):
    if host != "127.0.0.1":
        raise OSError(f"looked up: {host}")
    return resolve(host, *rest, **more)


socket.getaddrinfo = only_loopback


class Backend:
    def connect(self, appid, key, hub, wechat, covered, _kind):
        os.environ["WXHUB_KEY"] = key
        lines = DOCUMENTED.replace("http://hub:3000", hub).replace("wx0123456789abcdef", appid)
        names = {}
        exec(lines, names)
        self.hub, self.oauth_client = names["client"], names["oauth"]

        class TokensOnly(WeChatClient):
            API_BASE_URL = wechat + "/cgi-bin/"
            fetch_access_token = names["HubClient"].fetch_access_token

        self.calls = self.hub if covered == "everything" else TokensOnly(appid, key)

    def token(self):
        return self.calls.access_token

    def signature(self, url):
        stamp = str(int(time.time()))
        ticket = self.hub.jsapi.get_jsapi_ticket()
        signature = self.hub.jsapi.get_jsapi_signature("nonce", ticket, stamp, url)
        return {"nonceStr": "nonce", "timestamp": stamp, "signature": signature}

    def call(self):
        return self.calls.message.send_template("somebody", "t", {})

    def own_base_url(self):
        """An API that brings a base URL of its own."""
        return self.calls.wxa.bind_tester("somebody")

    def upload(self, size):
        return self.calls.media.upload("image", ("cat.png", b"\7" * int(size), "image/png"))

    def cold(self, times):
        with ThreadPoolExecutor(int(times)) as pool:
            return list(pool.map(lambda _: self.calls.access_token, range(int(times))))

    def session(self, code):
        return self.hub.wxa.code_to_session(code)

    def oauth(self, code):
        return self.oauth_client.fetch_access_token(code)


backend = Backend()
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    try:
        answer["value"] = getattr(backend, request["method"])(*request["args"])
    except WeChatException as error:
        answer.update(errcode=error.errcode, error=str(error))
    except Exception as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
