package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

func checkIndex(ctx context.Context, w *world) error {
	for index, owner := range []string{"ann", "ann", "bob"} {
		gadget := w.newGadget(fmt.Sprintf("indexed-%d", index), 0)
		gadget.Spec.Owner = owner
		if err := w.direct.Create(ctx, gadget); err != nil {
			return err
		}
	}
	leader, err := w.leader()
	if err != nil {
		return err
	}
	return eventually(soon, func() error {
		found := &GadgetList{}
		if err := leader.manager.GetClient().List(ctx, found, client.InNamespace(w.namespace), client.MatchingFields{"spec.owner": "ann"}); err != nil {
			return err
		}
		return expect(len(found.Items) == 2, "%d objects", len(found.Items))
	})
}

func checkReads(ctx context.Context, w *world) error {
	leader, err := w.leader()
	if err != nil {
		return err
	}
	direct := &GadgetList{}
	if err := w.direct.List(ctx, direct, client.InNamespace(w.namespace)); err != nil {
		return err
	}
	untyped := &unstructured.UnstructuredList{}
	untyped.SetGroupVersionKind(groupVersion.WithKind("GadgetList"))
	partial := &metav1.PartialObjectMetadataList{}
	partial.SetGroupVersionKind(groupVersion.WithKind("GadgetList"))
	return eventually(soon, func() error {
		cached := &GadgetList{}
		for _, list := range []client.ObjectList{cached, untyped, partial} {
			if err := leader.manager.GetClient().List(ctx, list, client.InNamespace(w.namespace)); err != nil {
				return fmt.Errorf("%T: %w", list, err)
			}
		}
		return expect(len(direct.Items) > 3 && len(cached.Items) == len(direct.Items) && len(untyped.Items) == len(direct.Items) && len(partial.Items) == len(direct.Items),
			"%d objects; cached %d, unstructured %d, metadata %d", len(direct.Items), len(cached.Items), len(untyped.Items), len(partial.Items))
	})
}

func checkCreateOrUpdate(ctx context.Context, w *world) error {
	part := configMap(w.namespace, "written")
	set := func(value string) controllerutil.MutateFn {
		return func() error { part.Data = map[string]string{"v": value}; return nil }
	}
	var results []controllerutil.OperationResult
	for _, value := range []string{"1", "1", "2"} {
		result, err := controllerutil.CreateOrUpdate(ctx, w.direct, part, set(value))
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	version := part.ResourceVersion
	for _, value := range []string{"2", "3"} {
		result, err := controllerutil.CreateOrPatch(ctx, w.direct, part, set(value))
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	want := "[created unchanged updated unchanged updated]"
	return expect(fmt.Sprint(results) == want && part.ResourceVersion != version, "results %v", results)
}

func checkConflict(ctx context.Context, w *world) error {
	gadget := w.newGadget("contended", 0)
	if err := w.direct.Create(ctx, gadget); err != nil {
		return err
	}
	if err := w.waitForParts(ctx, gadget, 0); err != nil {
		return err
	}
	stale := gadget.DeepCopyObject().(*Gadget)
	if err := w.direct.Patch(ctx, gadget, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"b"}}}`))); err != nil {
		return err
	}
	stale.Status.Made = 7
	if err := w.direct.Status().Update(ctx, stale); !apierrors.IsConflict(err) {
		return fmt.Errorf("update of status: %v", err)
	}
	changed := stale.DeepCopyObject().(*Gadget)
	changed.Labels = map[string]string{"c": "d"}
	err := w.direct.Patch(ctx, changed, client.MergeFromWithOptions(stale, client.MergeFromWithOptimisticLock{}))
	return expect(apierrors.IsConflict(err), "patch: %v", err)
}

func checkApply(ctx context.Context, w *world) error {
	wanted := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "applied", "namespace": w.namespace}, "data": map[string]any{"a": "1"},
	}}
	if err := w.direct.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner("one")); err != nil {
		return err
	}
	other := wanted.DeepCopy()
	other.SetManagedFields(nil)
	other.SetResourceVersion("")
	other.SetUID("")
	other.Object["data"] = map[string]any{"a": "2", "b": "2"}
	configuration := client.ApplyConfigurationFromUnstructured(other)
	if err := w.direct.Apply(ctx, configuration, client.FieldOwner("two")); !apierrors.IsConflict(err) {
		return fmt.Errorf("apply by another: %v", err)
	}
	if err := w.direct.Apply(ctx, configuration, client.FieldOwner("two"), client.ForceOwnership); err != nil {
		return err
	}
	found := &corev1.ConfigMap{}
	if err := w.direct.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "applied"}, found); err != nil {
		return err
	}
	return expect(found.Data["a"] == "2" && len(found.ManagedFields) > 0, "applied: %+v", found)
}
