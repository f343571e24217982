package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// follow prints what an informer of one kind is told, a JSON object a line, until it is ended. Its argument is the resource as
// <plural>.<version>.<group>. Conditions of the informer's own watch, such as a list made anew, are lines of type "error".
func follow(ctx context.Context, client dynamic.Interface, resource string) error {
	parsed, _ := schema.ParseResourceArg(resource)
	if parsed == nil {
		return fmt.Errorf("%s is not <plural>.<version>.<group>", resource)
	}
	var lock sync.Mutex
	lines := json.NewEncoder(os.Stdout)
	tell := func(kind string, object any) {
		lock.Lock()
		defer lock.Unlock()
		if tombstone, gone := object.(cache.DeletedFinalStateUnknown); gone {
			kind, object = "unknown-delete", tombstone.Obj
		}
		it, isObject := object.(*unstructured.Unstructured)
		if !isObject {
			_ = lines.Encode(map[string]any{"type": kind, "message": fmt.Sprint(object)})
			return
		}
		_ = lines.Encode(map[string]any{"type": kind, "name": it.GetName(), "resourceVersion": it.GetResourceVersion(), "object": it.Object})
	}
	informer := dynamicinformer.NewDynamicSharedInformerFactory(client, 0).ForResource(*parsed).Informer()
	if err := informer.SetWatchErrorHandler(func(_ *cache.Reflector, err error) { tell("error", err) }); err != nil {
		return err
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("add", object) },
		UpdateFunc: func(_, object any) { tell("update", object) },
		DeleteFunc: func(object any) { tell("delete", object) },
	}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return err
	}
	go informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return ctx.Err()
	}
	tell("synced", "")
	<-ctx.Done()
	return nil
}
