// Command plugin-runner starts a backend plugin as any host of the protocol does, with hashicorp/go-plugin's own client, makes every
// call of the protocol once, and prints one line of JSON for each: what was called, the gRPC code, the answer.
//
//	plugin-runner -id ID [-auto-mtls] [-query JSON] [-resource PATH] [-stream PATH] [-url URL] EXECUTABLE
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// line is what is printed of one call.
type line struct {
	Call    string `json:"call"`
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
	Answer  any    `json:"answer,omitempty"`
}

// options is what the plugin is asked about.
type options struct {
	id, query, resource, stream, url string
	autoMTLS                         bool
}

func main() {
	var o options
	flag.StringVar(&o.id, "id", "", "id of the plugin")
	flag.BoolVar(&o.autoMTLS, "auto-mtls", false, "offer AutoMTLS")
	flag.StringVar(&o.query, "query", "{}", "the query's own JSON")
	flag.StringVar(&o.resource, "resource", "", "path to call as a resource")
	flag.StringVar(&o.stream, "stream", "", "path of a stream")
	flag.StringVar(&o.url, "url", "http://127.0.0.1:1", "url of the data source")
	flag.Parse()
	if err := run(o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "plugin-runner:", err)
		os.Exit(1)
	}
}

func run(o options, executable string) error {
	// The plugin's log lines come out at our stderr, so that a test can read why something failed.
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: os.Stderr, JSONFormat: true})
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: 2, MagicCookieKey: "grafana_plugin_type", MagicCookieValue: "datasource"},
		VersionedPlugins: map[int]plugin.PluginSet{2: {"connection": connection{}}},
		Cmd:              exec.Command(executable),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         o.autoMTLS,
		Logger:           logger,
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	if err := protocol.Ping(); err != nil {
		return err
	}
	dispensed, err := protocol.Dispense("connection")
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, call := range calls {
		answer, err := call.make(ctx, dispensed.(*grpc.ClientConn), o)
		state, known := status.FromError(err)
		if !known {
			return fmt.Errorf("%s: %w", call.name, err)
		}
		if err != nil {
			answer = nil
		}
		if err := out.Encode(line{Call: call.name, Code: state.Code().String(), Message: state.Message(), Answer: answer}); err != nil {
			return err
		}
	}
	return stop(out, client, dispensed.(*grpc.ClientConn))
}

// stop asks the plugin to end. go-plugin kills after two seconds what does not end by itself: `milliseconds` tells which it was.
func stop(out *json.Encoder, client *plugin.Client, conn *grpc.ClientConn) error {
	reattach := client.ReattachConfig()
	begun := time.Now()
	client.Kill()
	took := time.Since(begun).Milliseconds()
	_ = conn.Close()
	answer := map[string]any{"exited": client.Exited(), "milliseconds": took}
	if reattach != nil {
		_, err := os.Stat(reattach.Addr.String())
		answer["socketLeft"] = err == nil
	}
	return out.Encode(line{Call: "Shutdown", Code: "OK", Answer: answer})
}

// connection hands out the bare connection, on which any client of the protocol's services can be made.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

func (o options) context() *pluginv2.PluginContext {
	return &pluginv2.PluginContext{
		OrgId: 1, PluginId: o.id, Namespace: "default", User: &pluginv2.User{Login: "ann", Role: "Admin"},
		DataSourceInstanceSettings: &pluginv2.DataSourceInstanceSettings{
			Id: 1, Uid: "u", Name: "u", Url: o.url, JsonData: []byte("{}"), LastUpdatedMS: 1,
		},
	}
}
