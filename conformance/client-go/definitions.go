package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

var gadgetResource = schema.GroupVersionResource{Group: "clients.example.com", Version: "v1", Resource: "gadgets"}

func gadgetDefinition() *apiextensionsv1.CustomResourceDefinition {
	text, number := apiextensionsv1.JSONSchemaProps{Type: "string"}, apiextensionsv1.JSONSchemaProps{Type: "integer", Format: "int32"}
	object := apiextensionsv1.JSONSchemaProps{Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{
		"spec":   {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"color": text, "replicas": number}},
		"status": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"replicas": number, "selector": text}},
	}}
	selector := ".status.selector"
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "gadgets.clients.example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: gadgetResource.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "gadgets", Singular: "gadget", Kind: "Gadget", ListKind: "GadgetList", ShortNames: []string{"gdg"}},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &object},
				SelectableFields: []apiextensionsv1.SelectableField{{JSONPath: ".spec.color"}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}, Scale: &apiextensionsv1.CustomResourceSubresourceScale{
					SpecReplicasPath: ".spec.replicas", StatusReplicasPath: ".status.replicas", LabelSelectorPath: &selector,
				}},
			}},
		},
	}
}

func newGadget(name, color string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": gadgetResource.GroupVersion().String(), "kind": "Gadget", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"color": color, "replicas": int64(1)},
	}}
}

func checkDefinition(ctx context.Context, c *clients) error {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.typed.Discovery()))
	if _, err := mapper.KindFor(gadgetResource); !meta.IsNoMatchError(err) {
		return fmt.Errorf("mapped before there is a definition: %v", err)
	}
	definitions := clientset.NewForConfigOrDie(c.config).ApiextensionsV1().CustomResourceDefinitions()
	if _, err := definitions.Create(ctx, gadgetDefinition(), metav1.CreateOptions{}); err != nil {
		return err
	}
	isEstablished := func() bool {
		found, err := definitions.Get(ctx, "gadgets.clients.example.com", metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, it := range found.Status.Conditions {
			if it.Type == apiextensionsv1.Established && it.Status == apiextensionsv1.ConditionTrue {
				return true
			}
		}
		return false
	}
	if !eventually(isEstablished) {
		return errors.New("it is not established")
	}
	isMapped := func() bool {
		mapper.Reset()
		found, err := mapper.RESTMapping(schema.GroupKind{Group: gadgetResource.Group, Kind: "Gadget"})
		return err == nil && found.Resource == gadgetResource && found.Scope.Name() == meta.RESTScopeNameNamespace
	}
	return expect(eventually(isMapped), "a reset mapper does not know it")
}

func checkCustomObjects(ctx context.Context, c *clients) error {
	gadgets := c.dynamic.Resource(gadgetResource).Namespace(c.namespace)
	created, err := gadgets.Create(ctx, newGadget("one", "red"), metav1.CreateOptions{FieldValidation: "Strict"})
	if err != nil {
		return err
	}
	if _, err := gadgets.Create(ctx, newGadget("two", "blue"), metav1.CreateOptions{}); err != nil {
		return err
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		fresh, err := gadgets.Get(ctx, "one", metav1.GetOptions{})
		if err != nil {
			return err
		}
		_ = unstructured.SetNestedField(fresh.Object, int64(2), "status", "replicas")
		_ = unstructured.SetNestedField(fresh.Object, "green", "spec", "color")
		_, err = gadgets.UpdateStatus(ctx, fresh, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	patched, err := gadgets.Patch(ctx, "one", types.JSONPatchType, []byte(`[{"op":"test","path":"/status/replicas","value":2},{"op":"add","path":"/status/selector","value":"a=b"}]`), metav1.PatchOptions{}, "status")
	if err != nil {
		return err
	}
	color, _, _ := unstructured.NestedString(patched.Object, "spec", "color")
	selected, err := gadgets.List(ctx, metav1.ListOptions{FieldSelector: "spec.color=blue"})
	if err != nil {
		return err
	}
	applied, err := gadgets.Apply(ctx, "two", newGadget("two", "white"), metav1.ApplyOptions{FieldManager: "check", Force: true})
	if err != nil {
		return err
	}
	return errors.Join(expect(color == "red" && patched.GetGeneration() == created.GetGeneration(), "a write of status changed the spec: %v", patched.Object),
		expect(len(selected.Items) == 1 && selected.Items[0].GetName() == "two", "selected: %d", len(selected.Items)),
		expect(applied.GetGeneration() == 2 && len(applied.GetManagedFields()) == 2, "applied: %v", applied.Object))
}

func checkScale(ctx context.Context, c *clients) error {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.typed.Discovery()))
	client, err := scale.NewForConfig(c.config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(c.typed.Discovery()))
	if err != nil {
		return err
	}
	scales := client.Scales(c.namespace)
	found, err := scales.Get(ctx, gadgetResource.GroupResource(), "one", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := expect(found.Spec.Replicas == 1 && found.Status.Replicas == 2 && found.Status.Selector == "a=b", "scale: %+v", found); err != nil {
		return err
	}
	found.Spec.Replicas = 4
	updated, err := scales.Update(ctx, gadgetResource.GroupResource(), found, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	patched, err := scales.Patch(ctx, gadgetResource, "one", types.MergePatchType, []byte(`{"spec":{"replicas":5}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	_, err = scales.Update(ctx, gadgetResource.GroupResource(), &autoscalingv1.Scale{ObjectMeta: found.ObjectMeta}, metav1.UpdateOptions{})
	return errors.Join(expect(updated.Spec.Replicas == 4 && patched.Spec.Replicas == 5, "%d, %d", updated.Spec.Replicas, patched.Spec.Replicas),
		expect(apierrors.IsConflict(err), "a stale scale: %v", err))
}

func checkCustomInformers(ctx context.Context, c *clients) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, c.namespace, nil)
	informer := factory.ForResource(gadgetResource)
	seen := &seen{}
	_, _ = informer.Informer().AddEventHandler(seen.handler())
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return errors.New("it did not sync")
	}
	gadgets := c.dynamic.Resource(gadgetResource).Namespace(c.namespace)
	if _, err := gadgets.Create(ctx, newGadget("three", "red"), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := gadgets.Delete(ctx, "two", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if !eventually(func() bool { return seen.added.Load() == 3 && seen.deleted.Load() == 1 }) {
		return fmt.Errorf("%d added, %d deleted", seen.added.Load(), seen.deleted.Load())
	}
	object, err := informer.Lister().ByNamespace(c.namespace).Get("three")
	if err != nil {
		return err
	}
	partial, err := metadata.NewForConfigOrDie(c.config).Resource(gadgetResource).Namespace(c.namespace).Get(ctx, "three", metav1.GetOptions{})
	if err != nil {
		return err
	}
	accessor, err := meta.Accessor(object)
	return errors.Join(err, expect(accessor.GetUID() == partial.GetUID() && partial.Name == "three", "metadata: %+v", partial))
}

func checkDefinitionDeletion(ctx context.Context, c *clients) error {
	definitions := clientset.NewForConfigOrDie(c.config).ApiextensionsV1().CustomResourceDefinitions()
	if err := definitions.Delete(ctx, "gadgets.clients.example.com", metav1.DeleteOptions{}); err != nil {
		return err
	}
	// Its objects are finalized first.
	isGone := func() bool {
		_, err := definitions.Get(ctx, "gadgets.clients.example.com", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}
	if !eventuallyWithin(15*time.Second, isGone) {
		return errors.New("it stays")
	}
	_, err := c.dynamic.Resource(gadgetResource).Namespace(c.namespace).List(ctx, metav1.ListOptions{})
	return expect(apierrors.IsNotFound(err), "list after it: %v", err)
}
