// Package driver lets a test use an SDK: one request a line on stdin, one answer a line on stdout.
package driver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"sync"
)

// Backend is what a test is connected to. The documented lines read it.
type Backend struct {
	Appid, Key, Hub, WeChat string
	Everything              bool
}

// HubHost is the host of the hub, for lines that set it alone.
func (b Backend) HubHost() string {
	return hostOf(b.Hub)
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return parsed.Host
}

// Act is one method of a driver.
type Act func(args []string) (any, error)

type request struct {
	ID     int      `json:"id"`
	Method string   `json:"method"`
	Args   []string `json:"args"`
}

type answer struct {
	ID      int    `json:"id"`
	Value   any    `json:"value,omitempty"`
	Errcode int    `json:"errcode,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Serve answers until stdin ends. `connect` is called first, and for each hub anew.
func Serve(connect func(Backend), acts map[string]Act) {
	requests := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for requests.Scan() {
		var asked request
		if err := json.Unmarshal(requests.Bytes(), &asked); err != nil {
			panic(err)
		}
		told := answer{ID: asked.ID}
		if asked.Method == "connect" {
			os.Setenv("WXHUB_KEY", asked.Args[1])
			backend := Backend{asked.Args[0], asked.Args[1], asked.Args[2], asked.Args[3], asked.Args[4] == "everything"}
			http.DefaultTransport = &loopback{backend: backend}
			connect(backend)
		} else if act, known := acts[asked.Method]; !known {
			told.Error = "no such method: " + asked.Method
		} else if value, err := act(asked.Args); err != nil {
			told.Error, told.Errcode = err.Error(), errcodeOf(err)
		} else {
			told.Value = value
		}
		if err := answers.Encode(told); err != nil {
			panic(err)
		}
	}
}

var errcode = regexp.MustCompile(`errcode[:=] ?(\d+)`)

// Both SDKs have it in the text of their errors, and no type in common.
func errcodeOf(err error) int {
	found := errcode.FindStringSubmatch(err.Error())
	if found == nil {
		return 0
	}
	code, _ := strconv.Atoi(found[1])
	return code
}

// What Go programs call http.DefaultTransport. Where calls go to WeChat itself, that is the simulator.
type loopback struct {
	backend Backend
	plain   http.Transport
}

func (l *loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "api.weixin.qq.com" && !l.backend.Everything {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = "http", hostOf(l.backend.WeChat), ""
	}
	if r.URL.Hostname() != "127.0.0.1" {
		return nil, fmt.Errorf("a request to %s", r.URL.Hostname())
	}
	return l.plain.RoundTrip(r)
}

// Cold has many ask at once.
func Cold(args []string, one func() (string, error)) (any, error) {
	times, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	tokens, failures := make([]string, times), make([]error, times)
	var all sync.WaitGroup
	for i := range tokens {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			tokens[i], failures[i] = one()
		}(i)
	}
	all.Wait()
	return tokens, errors.Join(failures...)
}
