// Command gpx_testplugin_app is a backend app plugin whose answers tell what it was given: settings, namespace, version and request.
//
// It is built only on the public plugin SDK, so that any host that speaks the plugin protocol can run it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/app"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"
)

const pluginID = "acme-testplugin-app"

func main() {
	if err := app.Manage(pluginID, newInstance, app.ManageOpts{}); err != nil {
		log.DefaultLogger.Error(err.Error())
		os.Exit(1)
	}
}

var instances atomic.Int64

// instance is the app with one set of settings: a host that changes them gets a new one.
type instance struct {
	backend.CallResourceHandler
	number   int64
	settings backend.AppInstanceSettings
}

func newInstance(_ context.Context, settings backend.AppInstanceSettings) (instancemgmt.Instance, error) {
	in := &instance{number: instances.Add(1), settings: settings}
	mux := http.NewServeMux()
	mux.HandleFunc("/chunks/", chunks)
	mux.HandleFunc("/", in.echo)
	in.CallResourceHandler = httpadapter.New(mux)
	return in, nil
}

// echo tells the request as the SDK's own HTTP adapter read it, and what came beside it.
type echo struct {
	Method     string              `json:"method"`
	Path       string              `json:"path"`
	Query      string              `json:"query"`
	Headers    map[string][]string `json:"headers"`
	Body       string              `json:"body"`
	Namespace  string              `json:"namespace"`
	APIVersion string              `json:"apiVersion"`
	OrgID      int64               `json:"orgId"`
	Login      string              `json:"login"`
	Instance   int64               `json:"instance"`
	JSONData   json.RawMessage     `json:"jsonData"`
	Secrets    map[string]string   `json:"secrets"`
}

func (in *instance) echo(w http.ResponseWriter, r *http.Request) {
	body := new(strings.Builder)
	if r.Body != nil {
		buffer := make([]byte, 64<<10)
		for {
			n, err := r.Body.Read(buffer)
			body.Write(buffer[:n])
			if err != nil {
				break
			}
		}
	}
	pluginContext := backend.PluginConfigFromContext(r.Context())
	answer := echo{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Headers: r.Header, Body: body.String(),
		Namespace: pluginContext.Namespace, APIVersion: pluginContext.APIVersion, OrgID: pluginContext.OrgID,
		Instance: in.number, JSONData: in.settings.JSONData, Secrets: in.settings.DecryptedSecureJSONData,
	}
	if pluginContext.User != nil {
		answer.Login = pluginContext.User.Login
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", "Zoë ☃")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.DefaultLogger.Error(err.Error())
	}
}

// chunks/N/MILLISECONDS writes N lines with a pause before each but the first.
func chunks(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/chunks/"), "/")
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 1 || n > 1000 || len(parts) != 2 {
		http.Error(w, "chunks/N/MILLISECONDS", http.StatusBadRequest)
		return
	}
	pause, err := strconv.Atoi(parts[1])
	if err != nil || pause < 0 || pause > 60_000 {
		http.Error(w, "chunks/N/MILLISECONDS", http.StatusBadRequest)
		return
	}
	for i := range n {
		if i > 0 {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Duration(pause) * time.Millisecond):
			}
		}
		fmt.Fprintf(w, "chunk %d\n", i)
		w.(http.Flusher).Flush()
	}
}

func (in *instance) CheckHealth(_ context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	var settings struct {
		Broken bool `json:"broken"`
	}
	if err := json.Unmarshal(in.settings.JSONData, &settings); err != nil {
		return nil, err
	}
	if settings.Broken {
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: "broken by its settings"}, nil
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: fmt.Sprintf("instance %d", in.number)}, nil
}
