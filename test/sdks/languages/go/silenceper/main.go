// silenceper/wechat, set up by the lines of docs/sdks.md, of which documented.go is made.
package main

import (
	"context"

	"sdkdrivers/driver"

	"github.com/silenceper/wechat/v2"
	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/credential"
	mini "github.com/silenceper/wechat/v2/miniprogram/config"
	"github.com/silenceper/wechat/v2/miniprogram/qrcode"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/message"
)

var (
	backend driver.Backend
	account *officialaccount.OfficialAccount
)

func connect(to driver.Backend) {
	backend = to
	account = atHub()
	if !to.Everything {
		tokensOnly()
	}
}

func miniProgram() *mini.Config {
	return &mini.Config{AppID: backend.Appid, AppSecret: backend.Key, Cache: cache.NewMemory()}
}

func main() {
	driver.Serve(connect, map[string]driver.Act{
		"token": func([]string) (any, error) { return account.GetAccessToken() },
		"stableToken": func([]string) (any, error) {
			prefix := credential.CacheKeyOfficialAccountPrefix
			return credential.NewStableAccessToken(backend.Appid, backend.Key, prefix, cache.NewMemory()).GetAccessToken()
		},
		"signature": func(args []string) (any, error) {
			signed, err := account.GetJs().GetConfig(args[0])
			if err != nil {
				return nil, err
			}
			return map[string]any{"nonceStr": signed.NonceStr, "timestamp": signed.Timestamp, "signature": signed.Signature}, nil
		},
		"call": func([]string) (any, error) {
			_, err := account.GetTemplate().Send(&message.TemplateMessage{ToUser: "somebody", TemplateID: "t"})
			return map[string]any{"errcode": 0}, err
		},
		"renew": func([]string) (any, error) {
			return nil, renew(context.Background(), backend.Appid, backend.Key, account.GetContext().Cache)
		},
		"codePicture": func([]string) (any, error) {
			everythingByTransport()
			_, err := wechat.NewWechat().GetMiniProgram(miniProgram()).GetQRCode().GetWXACodeUnlimit(qrcode.QRCoder{Scene: "a"})
			return nil, err
		},
		"session": func(args []string) (any, error) {
			session, err := wechat.NewWechat().GetMiniProgram(miniProgram()).GetAuth().Code2Session(args[0])
			return map[string]any{"openid": session.OpenID}, err
		},
		"oauth": func(args []string) (any, error) {
			token, err := account.GetOauth().GetUserAccessToken(args[0])
			return map[string]any{"openid": token.OpenID}, err
		},
		"cold": func(args []string) (any, error) { return driver.Cold(args, account.GetAccessToken) },
	})
}
