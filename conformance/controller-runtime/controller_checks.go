package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The watches of what a check waits for have a moment's delay; a lost lease has its duration.
const soon, afterLease = 10 * time.Second, 15 * time.Second

func checkDefinition(ctx context.Context, w *world) error {
	if err := w.direct.Create(ctx, newDefinition()); err != nil {
		return err
	}
	return eventually(soon, func() error {
		found := newDefinition()
		if err := w.direct.Get(ctx, client.ObjectKeyFromObject(found), found); err != nil {
			return err
		}
		for _, it := range found.Status.Conditions {
			if it.Type == apiextensionsv1.Established && it.Status == apiextensionsv1.ConditionTrue {
				return w.direct.List(ctx, &GadgetList{})
			}
		}
		return fmt.Errorf("conditions: %+v", found.Status.Conditions)
	})
}

func checkLeader(ctx context.Context, w *world) error {
	hooks, err := newHookServer()
	if err != nil {
		return err
	}
	w.hooks = hooks
	for _, it := range []*hookServer{hooks, nil} {
		started, err := w.startManager(ctx, it)
		if err != nil {
			return err
		}
		w.managers = append(w.managers, started)
	}
	return eventually(soon, func() error { _, err := w.leader(); return err })
}

func (w *world) waitForParts(ctx context.Context, gadget *Gadget, size int32) error {
	return eventually(soon, func() error {
		if err := w.direct.Get(ctx, client.ObjectKeyFromObject(gadget), gadget); err != nil {
			return err
		}
		ready := meta.IsStatusConditionTrue(gadget.Status.Conditions, "Ready")
		return expect(ready && gadget.Status.Made == size && gadget.Status.ObservedGeneration == gadget.Generation, "gadget: %+v", gadget)
	})
}

func checkReconcile(ctx context.Context, w *world) error {
	gadget := w.newGadget("one", 2)
	if err := w.direct.Create(ctx, gadget); err != nil {
		return err
	}
	if err := w.waitForParts(ctx, gadget, 2); err != nil {
		return err
	}
	parts := &corev1.ConfigMapList{}
	if err := w.direct.List(ctx, parts, client.InNamespace(w.namespace)); err != nil {
		return err
	}
	owned := 0
	for _, it := range parts.Items {
		if metav1.IsControlledBy(&it, gadget) {
			owned++
		}
	}
	if err := expect(owned == 2, "%d of %d ConfigMaps are owned", owned, len(parts.Items)); err != nil {
		return err
	}
	generation := gadget.Generation
	gadget.Spec.Size = 3
	if err := w.direct.Update(ctx, gadget); err != nil {
		return err
	}
	if err := w.waitForParts(ctx, gadget, 3); err != nil {
		return err
	}
	return expect(gadget.Generation == generation+1, "generation %d after %d: a write of status counts, or one of spec does not", gadget.Generation, generation)
}

func checkPredicates(ctx context.Context, w *world) error {
	gadget := w.newGadget("quiet", 0)
	if err := w.direct.Create(ctx, gadget); err != nil {
		return err
	}
	if err := w.waitForParts(ctx, gadget, 0); err != nil {
		return err
	}
	leader, err := w.leader()
	if err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	before := leader.reconciler.runsOf("quiet")
	for index := range 5 {
		patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"status":{"made":%d}}`, index))
		if err := w.direct.Status().Patch(ctx, gadget, patch); err != nil {
			return err
		}
	}
	if err := w.direct.Patch(ctx, gadget, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"b"}}}`))); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	return expect(leader.reconciler.runsOf("quiet") == before, "%d runs, then %d", before, leader.reconciler.runsOf("quiet"))
}

func checkOwned(ctx context.Context, w *world) error {
	part := configMap(w.namespace, "one-0")
	if err := w.direct.Get(ctx, client.ObjectKeyFromObject(part), part); err != nil {
		return err
	}
	first := part.UID
	if err := w.direct.Delete(ctx, part); err != nil {
		return err
	}
	return eventually(soon, func() error {
		again := configMap(w.namespace, "one-0")
		if err := w.direct.Get(ctx, client.ObjectKeyFromObject(again), again); err != nil {
			return err
		}
		return expect(again.UID != first, "it is the same")
	})
}

func checkEvents(ctx context.Context, w *world) error {
	return eventually(soon, func() error {
		events := &eventsv1.EventList{}
		if err := w.direct.List(ctx, events, client.InNamespace(w.namespace), client.MatchingFields{"reason": "PartMade"}); err != nil {
			return err
		}
		for _, it := range events.Items {
			if it.Regarding.Kind == "Gadget" && it.Regarding.Name == "one" && it.Action == "Make" && it.Related != nil && it.Related.Kind == "ConfigMap" {
				return nil
			}
		}
		return fmt.Errorf("%d events: %+v", len(events.Items), events.Items)
	})
}

func checkFinalizer(ctx context.Context, w *world) error {
	gadget := w.newGadget("short-lived", 1)
	if err := w.direct.Create(ctx, gadget); err != nil {
		return err
	}
	if err := w.waitForParts(ctx, gadget, 1); err != nil {
		return err
	}
	if err := w.direct.Delete(ctx, gadget); err != nil {
		return err
	}
	leader, err := w.leader()
	if err != nil {
		return err
	}
	return eventually(soon, func() error {
		if !leader.reconciler.hasTidied(gadget.Name) {
			return fmt.Errorf("the finalizer did not run")
		}
		for _, it := range []client.Object{gadget, configMap(w.namespace, "short-lived-0")} {
			if err := w.direct.Get(ctx, client.ObjectKeyFromObject(it), it); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s: %v", it.GetName(), err)
			}
		}
		return nil
	})
}

func checkTakeover(ctx context.Context, w *world) error {
	first, err := w.leader()
	if err != nil {
		return err
	}
	// The webhooks may end with it.
	if err := w.removeHooks(ctx); err != nil {
		return err
	}
	first.stop()
	if err := <-first.ended; err != nil {
		return fmt.Errorf("the leader ended with %w", err)
	}
	for index, it := range w.managers {
		if it == first {
			w.managers = append(w.managers[:index:index], w.managers[index+1:]...)
			break
		}
	}
	if err := eventually(afterLease, func() error { _, err := w.leader(); return err }); err != nil {
		return err
	}
	gadget := w.newGadget("after", 1)
	if err := w.direct.Create(ctx, gadget); err != nil {
		return err
	}
	return w.waitForParts(ctx, gadget, 1)
}

func checkDefinitionDeletion(ctx context.Context, w *world) error {
	if err := w.direct.Delete(ctx, newDefinition()); err != nil {
		return err
	}
	return eventually(afterLease, func() error {
		err := w.direct.Get(ctx, client.ObjectKeyFromObject(newDefinition()), newDefinition())
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the definition: %v", err)
		}
		err = w.direct.List(ctx, &GadgetList{})
		return expect(apierrors.IsNotFound(err) || meta.IsNoMatchError(err), "its objects: %v", err)
	})
}
