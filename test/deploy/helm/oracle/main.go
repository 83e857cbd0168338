// Renders a chart with Go's own text/template and sprig, with the functions that Helm adds (pkg/engine/funcs.go of
// Helm 3): the oracle that helm.spec.ts holds our renderer against, where Go and sprig are installed:
//
//	apt-get install golang-go golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev
//
// Reads {"templates": {file: text}, "files": {path: text}, "root": {...}} from stdin, writes {file: text} or {"error": …}.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type input struct {
	Templates map[string]string      `json:"templates"`
	Files     map[string]string      `json:"files"`
	Root      map[string]interface{} `json:"root"`
}

type files map[string]string

func (f files) Get(name string) string { return f[name] }

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	in.Root["Files"] = files(in.Files)
	t := template.New("chart").Option("missingkey=zero")
	funcs := sprig.TxtFuncMap()
	funcs["toYaml"] = func(v interface{}) string {
		data, err := yaml.Marshal(v)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(data), "\n")
	}
	funcs["fromYaml"] = func(s string) map[string]interface{} {
		m := map[string]interface{}{}
		if err := yaml.Unmarshal([]byte(s), &m); err != nil {
			m["Error"] = err.Error()
		}
		return m
	}
	funcs["required"] = func(message string, v interface{}) (interface{}, error) {
		if v == nil || v == "" {
			return v, errors.New(message)
		}
		return v, nil
	}
	funcs["include"] = func(name string, data interface{}) (string, error) {
		var b strings.Builder
		err := t.ExecuteTemplate(&b, name, data)
		return b.String(), err
	}
	t.Funcs(funcs)
	out := map[string]string{}
	if err := render(t, in, out); err != nil {
		out = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

func render(t *template.Template, in input, out map[string]string) error {
	names := []string{}
	for name, text := range in.Templates {
		if _, err := t.New(name).Parse(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var b strings.Builder
		if err := t.ExecuteTemplate(&b, name, in.Root); err != nil {
			return err
		}
		// As Helm does it.
		out[name] = strings.ReplaceAll(b.String(), "<no value>", "")
	}
	return nil
}
