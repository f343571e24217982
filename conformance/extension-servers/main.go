// Command extension-servers runs one of the API servers that others build on k8s.io/apiserver, for tests that register it behind ours:
// sample (k8s.io/sample-apiserver), apiextensions (k8s.io/apiextensions-apiserver), or metrics, which stores nothing as metrics-server
// does. Its further arguments are that server's own flags.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/cmd/server"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	sample "k8s.io/sample-apiserver/pkg/cmd/server"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: extension-servers sample|apiextensions|metrics FLAGS")
		os.Exit(2)
	}
	which := os.Args[1]
	os.Args = append(os.Args[:1:1], os.Args[2:]...)
	ctx := genericapiserver.SetupSignalContext()
	var command *cobra.Command
	switch which {
	case "sample":
		command = sample.NewCommandStartWardleServer(ctx, sample.NewWardleServerOptions(os.Stdout, os.Stderr), false)
	case "apiextensions":
		command = apiextensions.NewServerCommand(ctx, os.Stdout, os.Stderr)
	case "metrics":
		command = newMetricsCommand(ctx)
	default:
		fmt.Fprintf(os.Stderr, "%s is none of sample, apiextensions, metrics\n", which)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}
