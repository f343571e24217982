package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coordinationapply "k8s.io/client-go/applyconfigurations/coordination/v1"
	"k8s.io/client-go/util/retry"
)

func newLease(c *clients, name string) *coordinationv1.Lease {
	holder, seconds := "nobody", int32(15)
	now := metav1.NewMicroTime(time.Now())
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace, Labels: map[string]string{"check": name}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
}

func checkTyped(ctx context.Context, c *clients) error {
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	created, err := leases.Create(ctx, newLease(c, "typed"), metav1.CreateOptions{FieldValidation: "Strict"})
	if err != nil {
		return err
	}
	holder := "somebody"
	created.Spec.HolderIdentity = &holder
	updated, err := leases.Update(ctx, created, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if err := expect(updated.Generation == 2 || updated.Generation == 0, "generation %d", updated.Generation); err != nil {
		return err
	}
	patched, err := leases.Patch(ctx, "typed", types.StrategicMergePatchType, []byte(`{"spec":{"leaseTransitions":7}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := expect(*patched.Spec.LeaseTransitions == 7 && patched.Spec.RenewTime.Equal(created.Spec.RenewTime), "patched: %+v", patched.Spec); err != nil {
		return err
	}
	if _, err := leases.Create(ctx, newLease(c, "typed"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("second create: %v", err)
	}
	if err := leases.Delete(ctx, "typed", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &patched.UID}}); err != nil {
		return err
	}
	if _, err := leases.Get(ctx, "typed", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("get after delete: %v", err)
	}
	generated := newLease(c, "")
	generated.GenerateName, generated.Labels = "gen-", nil
	made, err := leases.Create(ctx, generated, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	policy := metav1.DeletePropagationBackground
	return errors.Join(expect(len(made.Name) == 9, "generated name %q", made.Name),
		leases.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &policy}, metav1.ListOptions{}))
}

func checkConflicts(ctx context.Context, c *clients) error {
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	if _, err := leases.Create(ctx, newLease(c, "race"), metav1.CreateOptions{}); err != nil {
		return err
	}
	stale, err := leases.Get(ctx, "race", metav1.GetOptions{})
	if err != nil {
		return err
	}
	const writers = 8
	var conflicts atomic.Int32
	var group sync.WaitGroup
	errs := make([]error, writers)
	for writer := range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			errs[writer] = retry.OnError(retry.DefaultBackoff, func(err error) bool { return apierrors.IsConflict(err) }, func() error {
				for {
					lease, err := leases.Get(ctx, "race", metav1.GetOptions{})
					if err != nil {
						return err
					}
					var next int32
					if lease.Spec.LeaseTransitions != nil {
						next = *lease.Spec.LeaseTransitions
					}
					next++
					lease.Spec.LeaseTransitions = &next
					if _, err = leases.Update(ctx, lease, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
						return err
					}
					conflicts.Add(1)
				}
			})
		}()
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	final, err := leases.Get(ctx, "race", metav1.GetOptions{})
	if err != nil {
		return err
	}
	_, err = leases.Update(ctx, stale, metav1.UpdateOptions{})
	return errors.Join(expect(*final.Spec.LeaseTransitions == writers, "%d of %d increments", *final.Spec.LeaseTransitions, writers),
		expect(apierrors.IsConflict(err), "stale update: %v", err), leases.Delete(ctx, "race", metav1.DeleteOptions{}))
}

func checkApply(ctx context.Context, c *clients) error {
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	mine := coordinationapply.Lease("applied", c.namespace).WithSpec(coordinationapply.LeaseSpec().WithHolderIdentity("a").WithLeaseDurationSeconds(10))
	first, err := leases.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	extracted, err := coordinationapply.ExtractLease(first, "one")
	if err != nil {
		return err
	}
	if err := expect(extracted.Spec != nil && *extracted.Spec.HolderIdentity == "a", "extracted: %+v", extracted.Spec); err != nil {
		return err
	}
	theirs := coordinationapply.Lease("applied", c.namespace).WithSpec(coordinationapply.LeaseSpec().WithHolderIdentity("b"))
	if _, err := leases.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "two"}); !apierrors.IsConflict(err) {
		return fmt.Errorf("apply by another: %v", err)
	}
	taken, err := leases.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	less, err := leases.Apply(ctx, coordinationapply.Lease("applied", c.namespace), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	return errors.Join(expect(*taken.Spec.HolderIdentity == "b" && len(taken.ManagedFields) == 2, "forced: %+v", taken),
		expect(less.Spec.LeaseDurationSeconds == nil && *less.Spec.HolderIdentity == "b", "after one gave up: %+v", less.Spec))
}
