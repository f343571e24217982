// Command client-go drives a running server as programs built on client-go do, and tells each check's result. Its argument is the
// path of a kubeconfig; it exits with 1 when a check failed. With a resource as second argument it follows that until it is ended.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

type clients struct {
	config    *rest.Config
	typed     *kubernetes.Clientset // protobuf
	json      *kubernetes.Clientset
	dynamic   dynamic.Interface
	namespace string
}

type check struct {
	name string
	run  func(context.Context, *clients) error
}

var checks = []check{
	{"discovery lists groups, resources and OpenAPI", checkDiscovery},
	{"a REST mapper finds kinds by short and long names", checkMapper},
	{"a typed client that prefers protobuf creates, reads, updates and deletes", checkTyped},
	{"a lost race is a conflict that RetryOnConflict resolves", checkConflicts},
	{"events of both groups are the same objects", checkEvents},
	{"events lie in the namespace of what they are about", checkEventNamespaces},
	{"server-side apply extracts and conflicts as declared", checkApply},
	{"shared informers follow changes by watch list and by list and watch", checkInformers},
	{"a metadata informer sees partial objects", checkMetadata},
	{"a retry watcher resumes without a gap; a revision of the future is told as one", checkResume},
	{"pages hold one snapshot while others write", checkPages},
	{"finalizers hold, owner references stay, preconditions are kept", checkFinalizers},
	{"one of three candidates leads, and the next follows it", checkLeaderElection},
	{"a deleted namespace takes its contents along", checkNamespaceDeletion},
	{"reviews tell who one is and what one may", checkReviews},
	{"configuration maps keep text and bytes, and immutable ones stay", checkConfigMaps},
	{"secrets take plain text, and keep their type", checkSecrets},
	{"two managers apply to one account, and lists merge by name", checkCoreApply},
	{"requests, answers and watches are all protobuf when nothing else is taken", checkProtobuf},
	{"listers answer from the cache, and a resync tells of all again", checkListers},
	{"the other of two candidates takes over from a leader that is lost", checkLostLeader},
	{"a service account gets a token, is who it says, and ends with the account", checkAccounts},
	{"a role binding gives what its role says and no more, and nobody gives more than they have", checkRoles},
	{"a cluster role gathers the rules of others", checkAggregatedRoles},
	{"reviews tell what others may", checkReviewsOfOthers},
	{"a definition is established, and a reset REST mapper knows its kind", checkDefinition},
	{"custom objects: create, status, patch, apply, selectable fields", checkCustomObjects},
	{"the scale client reads and writes scales of custom objects", checkScale},
	{"dynamic informers and metadata clients see custom objects", checkCustomInformers},
	{"a deleted definition takes its objects along", checkDefinitionDeletion},
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	config.QPS, config.Burst = -1, -1
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	protobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	c := &clients{
		config:    config,
		typed:     kubernetes.NewForConfigOrDie(protobuf),
		json:      kubernetes.NewForConfigOrDie(config),
		dynamic:   dynamic.NewForConfigOrDie(config),
		namespace: fmt.Sprintf("client-go-%d", os.Getpid()),
	}
	if len(os.Args) > 2 {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		if err := follow(ctx, c.dynamic, os.Args[2]); err != nil {
			panic(err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}
	if _, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		panic(err)
	}
	failed := 0
	for _, it := range checks {
		start := time.Now()
		if err := it.run(ctx, c); err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", it.name, err)
			continue
		}
		fmt.Printf("ok   %s (%d ms)\n", it.name, time.Since(start).Milliseconds())
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func expect(condition bool, format string, args ...any) error {
	if condition {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func eventually(condition func() bool) bool { return eventuallyWithin(5*time.Second, condition) }

func eventuallyWithin(most time.Duration, condition func() bool) bool {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return condition()
}
