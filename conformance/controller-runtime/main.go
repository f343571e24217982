// Command controller-runtime drives a running server as operators do that are built on controller-runtime: it creates a
// CustomResourceDefinition, runs two managers with a controller and webhooks for its kind, and tells each check's result. Its argument
// is the path of a kubeconfig; it exits with 1 when a check failed.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

type check struct {
	name string
	run  func(context.Context, *world) error
}

var checks = []check{
	{"a definition created by the program is established", checkDefinition},
	{"one of two managers leads and starts its controllers", checkLeader},
	{"a controller makes owned objects and writes status", checkReconcile},
	{"predicates on generation keep status writes from starting the controller", checkPredicates},
	{"an index of the cache finds objects by a field", checkIndex},
	{"the cache and the API agree, by typed, unstructured and metadata reads", checkReads},
	{"create-or-update and create-or-patch write only what differs", checkCreateOrUpdate},
	{"a stale status update is a conflict, a patch under optimistic lock too", checkConflict},
	{"server-side apply by unstructured configuration", checkApply},
	{"an owned object that is deleted or changed is made again", checkOwned},
	{"the recorder's events are told of the object", checkEvents},
	{"a defaulting webhook of the manager fills fields in", checkDefaulting},
	{"a validating webhook of the manager refuses and warns", checkValidating},
	{"a webhook that fails refuses or is ignored, as its policy says", checkFailurePolicy},
	{"a finalizer runs before an object goes, and its owned objects follow", checkFinalizer},
	{"the other manager takes over when the leader ends", checkTakeover},
	{"a deleted definition takes its objects along", checkDefinitionDeletion},
}

func main() {
	log.SetLogger(klog.Background())
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	config.QPS = -1
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	direct, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		panic(err)
	}
	w := &world{config: config, direct: direct, namespace: fmt.Sprintf("controller-runtime-%d", os.Getpid())}
	if err := w.prepare(ctx); err != nil {
		panic(err)
	}
	defer w.cleanUp()
	failed := 0
	for _, it := range checks {
		start := time.Now()
		if err := it.run(ctx, w); err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", it.name, err)
			continue
		}
		fmt.Printf("ok   %s (%d ms)\n", it.name, time.Since(start).Milliseconds())
	}
	if failed > 0 {
		w.cleanUp()
		os.Exit(1)
	}
}

func expect(condition bool, format string, args ...any) error {
	if condition {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// eventually asks until there is no error, and tells the last one when time is up.
func eventually(within time.Duration, condition func() error) error {
	for deadline := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		err := condition()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
