// chanxuehong/wechat, set up by the lines of docs/sdks.md, of which documented.go is made.
package main

import (
	"strconv"
	"time"

	"sdkdrivers/driver"

	"github.com/chanxuehong/wechat/mp/core"
	"github.com/chanxuehong/wechat/mp/jssdk"
	"github.com/chanxuehong/wechat/mp/message/template"
)

var (
	backend driver.Backend
	atHub   *core.Client
	calls   *core.Client
)

func connect(to driver.Backend) {
	backend = to
	atHub = everything()
	calls = atHub
	if !to.Everything {
		// The SDK's default client: WeChat itself.
		calls = core.NewClient(atHub.AccessTokenServer, nil)
	}
}

func main() {
	driver.Serve(connect, map[string]driver.Act{
		"token": func([]string) (any, error) { return calls.Token() },
		"signature": func(args []string) (any, error) {
			ticket, err := jssdk.NewDefaultTicketServer(atHub).Ticket()
			if err != nil {
				return nil, err
			}
			now := strconv.FormatInt(time.Now().Unix(), 10)
			signature := jssdk.WXConfigSign(ticket, "nonce", now, args[0])
			return map[string]any{"nonceStr": "nonce", "timestamp": now, "signature": signature}, nil
		},
		"call": func([]string) (any, error) {
			_, err := template.Send(calls, map[string]any{"touser": "somebody", "template_id": "t"})
			return map[string]any{"errcode": 0}, err
		},
		"session": func(args []string) (any, error) {
			openid, err := session(args[0])
			return map[string]any{"openid": openid}, err
		},
		"oauth": func(args []string) (any, error) {
			openid, err := webLogin(args[0])
			return map[string]any{"openid": openid}, err
		},
		"cold": func(args []string) (any, error) { return driver.Cold(args, calls.Token) },
	})
}
