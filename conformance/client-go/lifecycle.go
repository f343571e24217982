package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func checkFinalizers(ctx context.Context, c *clients) error {
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	lease := newLease(c, "held")
	lease.Finalizers = []string{"example.com/hold"}
	yes := true
	lease.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Namespace", Name: c.namespace, UID: "x", Controller: &yes}}
	if _, err := leases.Create(ctx, lease, metav1.CreateOptions{}); err != nil {
		return err
	}
	wrong := types.UID("wrong")
	if err := leases.Delete(ctx, "held", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}}); !apierrors.IsConflict(err) {
		return fmt.Errorf("wrong UID: %v", err)
	}
	if err := leases.Delete(ctx, "held", metav1.DeleteOptions{}); err != nil {
		return err
	}
	held, err := leases.Get(ctx, "held", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := expect(held.DeletionTimestamp != nil && len(held.OwnerReferences) == 1 && *held.OwnerReferences[0].Controller, "held: %+v", held.ObjectMeta); err != nil {
		return err
	}
	more := held.DeepCopy()
	more.Finalizers = append(more.Finalizers, "example.com/more")
	if _, err := leases.Update(ctx, more, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a finalizer added to what is being deleted: %v", err)
	}
	held.Finalizers = nil
	if _, err := leases.Update(ctx, held, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = leases.Get(ctx, "held", metav1.GetOptions{})
	return expect(apierrors.IsNotFound(err), "released: %v", err)
}

func checkLeaderElection(ctx context.Context, c *clients) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leaders := make(chan string, 10)
	for _, name := range []string{"a", "b", "c"} {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: c.namespace}, Client: c.typed.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		own, stop := context.WithCancel(ctx)
		go leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: true, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leaders <- name; time.Sleep(500 * time.Millisecond); stop() },
				OnStoppedLeading: func() {},
			},
		})
	}
	led := map[string]bool{}
	for range 3 {
		select {
		case name := <-leaders:
			led[name] = true
		case <-time.After(10 * time.Second):
			return fmt.Errorf("only %v led", led)
		}
	}
	return expect(len(led) == 3, "led: %v", led)
}

func checkNamespaceDeletion(ctx context.Context, c *clients) error {
	name := c.namespace + "-gone"
	if _, err := c.typed.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	lease := newLease(c, "inside")
	lease.Namespace = name
	lease.Finalizers = []string{"example.com/hold"}
	if _, err := c.typed.CoordinationV1().Leases(name).Create(ctx, lease, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := c.typed.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	terminating, err := c.typed.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	_, err = c.typed.CoordinationV1().Leases(name).Create(ctx, newLease(&clients{namespace: name}, "late"), metav1.CreateOptions{})
	if err := errors.Join(expect(terminating.Status.Phase == corev1.NamespaceTerminating, "phase %s", terminating.Status.Phase),
		expect(apierrors.IsForbidden(err) && apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause), "create in it: %v", err)); err != nil {
		return err
	}
	if _, err := c.typed.CoordinationV1().Leases(name).Patch(ctx, "inside", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	isGone := func() bool {
		_, err := c.typed.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}
	return expect(eventuallyWithin(20*time.Second, isGone), "the namespace stays")
}
