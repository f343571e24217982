package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
)

var leaseResource = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}

type seen struct{ added, updated, deleted atomic.Int32 }

func (s *seen) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { s.added.Add(1) },
		UpdateFunc: func(any, any) { s.updated.Add(1) },
		DeleteFunc: func(any) { s.deleted.Add(1) },
	}
}

func checkInformers(ctx context.Context, c *clients) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	if err := leases.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	for index := range 50 {
		if _, err := leases.Create(ctx, newLease(c, fmt.Sprintf("informed-%d", index)), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	dynamicFactory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, c.namespace, nil)
	typedFactory := informers.NewSharedInformerFactoryWithOptions(c.typed, 0, informers.WithNamespace(c.namespace))
	byDynamic, byType := &seen{}, &seen{}
	dynamicInformer := dynamicFactory.ForResource(leaseResource).Informer()
	typedInformer := typedFactory.Coordination().V1().Leases().Informer()
	_, _ = dynamicInformer.AddEventHandler(byDynamic.handler())
	_, _ = typedInformer.AddEventHandler(byType.handler())
	dynamicFactory.Start(ctx.Done())
	typedFactory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), dynamicInformer.HasSynced, typedInformer.HasSynced) {
		return errors.New("informers did not sync")
	}
	if _, err := leases.Patch(ctx, "informed-0", types.MergePatchType, []byte(`{"metadata":{"labels":{"x":"y"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := leases.Delete(ctx, "informed-1", metav1.DeleteOptions{}); err != nil {
		return err
	}
	for name, it := range map[string]*seen{"dynamic": byDynamic, "typed": byType} {
		if !eventually(func() bool { return it.added.Load() == 50 && it.updated.Load() == 1 && it.deleted.Load() == 1 }) {
			return fmt.Errorf("%s informer saw %d added, %d updated, %d deleted", name, it.added.Load(), it.updated.Load(), it.deleted.Load())
		}
	}
	return nil
}

func checkMetadata(ctx context.Context, c *clients) error {
	client := metadata.NewForConfigOrDie(c.config)
	list, err := client.Resource(leaseResource).Namespace(c.namespace).List(ctx, metav1.ListOptions{Limit: 3})
	if err != nil {
		return err
	}
	watcher, err := client.Resource(leaseResource).Namespace(c.namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	event := <-watcher.ResultChan()
	object, isMetadata := event.Object.(*metav1.PartialObjectMetadata)
	return errors.Join(expect(len(list.Items) == 3 && list.Continue != "", "list: %d items", len(list.Items)),
		expect(isMetadata && event.Type == watch.Added && object.Name != "", "event: %+v", event))
}
