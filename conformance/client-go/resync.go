package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func checkListers(ctx context.Context, c *clients) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for index := range 10 {
		made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("listed-%d", index), Labels: map[string]string{"odd": fmt.Sprint(index % 2)}}}
		if _, err := c.typed.CoreV1().ConfigMaps(c.namespace).Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(c.typed, time.Second, informers.WithNamespace(c.namespace))
	maps := factory.Core().V1().ConfigMaps()
	var again atomic.Int32
	_, _ = maps.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(before, after any) {
		if before.(*corev1.ConfigMap).ResourceVersion == after.(*corev1.ConfigMap).ResourceVersion {
			again.Add(1)
		}
	}})
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), maps.Informer().HasSynced) {
		return errors.New("it did not sync")
	}
	odd, err := maps.Lister().ConfigMaps(c.namespace).List(labels.SelectorFromSet(labels.Set{"odd": "1"}))
	if err != nil {
		return err
	}
	_, err = maps.Lister().ConfigMaps(c.namespace).Get("nothing")
	if err := errors.Join(expect(len(odd) == 5, "%d are odd", len(odd)), expect(apierrors.IsNotFound(err), "nothing: %v", err)); err != nil {
		return err
	}
	return expect(eventually(func() bool { return again.Load() >= 10 }), "%d updates by resync", again.Load())
}

// The leader ends without giving its lease up: the other one waits for it to run out.
func checkLostLeader(ctx context.Context, c *clients) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leaders := make(chan string, 2)
	stops := map[string]context.CancelFunc{}
	for _, name := range []string{"a", "b"} {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "lost-leader", Namespace: c.namespace}, Client: c.typed.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		own, stop := context.WithCancel(ctx)
		stops[name] = stop
		go leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 2 * time.Second, RenewDeadline: time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leaders <- name }, OnStoppedLeading: func() {}},
		})
	}
	first := <-leaders
	select {
	case other := <-leaders:
		return fmt.Errorf("%s leads beside %s", other, first)
	case <-time.After(2500 * time.Millisecond):
	}
	stops[first]()
	select {
	case second := <-leaders:
		lease, err := c.typed.CoordinationV1().Leases(c.namespace).Get(ctx, "lost-leader", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return expect(second != first && *lease.Spec.HolderIdentity == second && *lease.Spec.LeaseTransitions == 1, "%s after %s: %+v", second, first, lease.Spec)
	case <-time.After(10 * time.Second):
		return errors.New("nobody took over")
	}
}
