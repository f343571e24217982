package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// world is the server, what the checks made in it, and the managers that run.
type world struct {
	config    *rest.Config
	direct    client.Client
	namespace string
	hooks     *hookServer
	managers  []*candidate
}

// candidate is one of the managers that may lead.
type candidate struct {
	manager    ctrl.Manager
	reconciler *reconciler
	stop       context.CancelFunc
	ended      chan error
}

func (w *world) prepare(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace, Labels: map[string]string{"hooks": w.namespace}}}
	return w.direct.Create(ctx, namespace)
}

func (w *world) cleanUp() {
	for _, it := range w.managers {
		it.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = w.removeHooks(ctx)
	_ = w.direct.Delete(ctx, newDefinition())
	_ = w.direct.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
}

// startManager starts one; only the first serves webhooks.
func (w *world) startManager(ctx context.Context, hooks *hookServer) (*candidate, error) {
	lease, renew, retry := 3*time.Second, 2*time.Second, 200*time.Millisecond
	yes := true
	options := ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		LeaderElection: true, LeaderElectionID: "gadgets", LeaderElectionNamespace: w.namespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	}
	options.Controller.SkipNameValidation = &yes
	if hooks != nil {
		options.WebhookServer = webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: hooks.port, CertDir: hooks.folder})
	}
	manager, err := ctrl.NewManager(w.config, options)
	if err != nil {
		return nil, err
	}
	it := &candidate{manager: manager, reconciler: newReconciler(manager), ended: make(chan error, 1)}
	if err := it.reconciler.setUp(ctx, manager); err != nil {
		return nil, err
	}
	if hooks != nil {
		if err := registerHooks(manager); err != nil {
			return nil, err
		}
	}
	own, stop := context.WithCancel(ctx)
	it.stop = stop
	go func() { it.ended <- manager.Start(own) }()
	return it, nil
}

// leader is the manager that was elected; the controllers of no other run.
func (w *world) leader() (*candidate, error) {
	var found *candidate
	for _, it := range w.managers {
		select {
		case <-it.manager.Elected():
			if found != nil {
				return nil, errors.New("both managers lead")
			}
			found = it
		default:
		}
	}
	if found == nil {
		return nil, fmt.Errorf("none of %d managers leads", len(w.managers))
	}
	return found, nil
}
