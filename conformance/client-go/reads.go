package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	clientwatch "k8s.io/client-go/tools/watch"
)

func checkResume(ctx context.Context, c *clients) error {
	leases := c.dynamic.Resource(leaseResource).Namespace(c.namespace)
	list, err := leases.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	watcher, err := clientwatch.NewRetryWatcher(list.GetResourceVersion(), &cache.ListWatch{WatchFunc: func(options metav1.ListOptions) (watch.Interface, error) {
		seconds := int64(1)
		options.TimeoutSeconds = &seconds
		return leases.Watch(ctx, options)
	}})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	go func() {
		for index := range 12 {
			value := fmt.Sprintf(`{"metadata":{"labels":{"n":"%d"}}}`, index)
			_, _ = leases.Patch(ctx, "informed-0", types.MergePatchType, []byte(value), metav1.PatchOptions{})
			time.Sleep(200 * time.Millisecond)
		}
	}()
	for index := range 12 {
		select {
		case event := <-watcher.ResultChan():
			object, isObject := event.Object.(*unstructured.Unstructured)
			if !isObject || object.GetLabels()["n"] != fmt.Sprint(index) {
				return fmt.Errorf("event %d: %+v", index, event)
			}
		case <-time.After(5 * time.Second):
			return fmt.Errorf("no event %d", index)
		}
	}
	// Without the client's ten attempts.
	err = c.typed.CoordinationV1().RESTClient().Get().AbsPath("/apis/coordination.k8s.io/v1/leases").Param("resourceVersion", "99999999").MaxRetries(0).Do(ctx).Error()
	return expect(apierrors.IsTimeout(err) && apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge), "future revision: %v", err)
}

func checkPages(ctx context.Context, c *clients) error {
	leases := c.typed.CoordinationV1().Leases(c.namespace)
	options := metav1.ListOptions{Limit: 7}
	names := map[string]bool{}
	version := ""
	for page := 0; ; page++ {
		list, err := leases.List(ctx, options)
		if err != nil {
			return err
		}
		if version == "" {
			version = list.ResourceVersion
		}
		if list.ResourceVersion != version {
			return fmt.Errorf("page %d is of revision %s, the first of %s", page, list.ResourceVersion, version)
		}
		for _, it := range list.Items {
			names[it.Name] = true
		}
		if page == 0 {
			if _, err := leases.Create(ctx, newLease(c, "zz-late"), metav1.CreateOptions{}); err != nil {
				return err
			}
			if err := leases.Delete(ctx, "informed-9", metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		if list.Continue == "" {
			break
		}
		options.Continue = list.Continue
	}
	return expect(!names["zz-late"] && names["informed-9"] && len(names) == 49, "%d names, late: %v, deleted: %v", len(names), names["zz-late"], names["informed-9"])
}
