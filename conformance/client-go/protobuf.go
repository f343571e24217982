package main

import (
	"context"
	"net/http"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// wire keeps in which content types requests and answers went.
type wire struct {
	next  http.RoundTripper
	lock  sync.Mutex
	types []string
}

func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(request)
	if err == nil {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.types = append(w.types, request.Method+" "+request.Header.Get("Content-Type")+" "+answer.Header.Get("Content-Type"))
	}
	return answer, err
}

func checkProtobuf(ctx context.Context, c *clients) error {
	seen := &wire{}
	config := rest.CopyConfig(c.config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { seen.next = next; return seen })
	maps := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(c.namespace)
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "proto"}, Data: map[string]string{"a": "ö"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	list, err := maps.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=proto"})
	if err != nil {
		return err
	}
	watcher, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=proto", ResourceVersion: "0"})
	if err != nil {
		return err
	}
	event := <-watcher.ResultChan()
	watcher.Stop()
	watched, isMap := event.Object.(*corev1.ConfigMap)
	if err := expect(len(list.Items) == 1 && list.Items[0].Data["a"] == "ö" && isMap && watched.UID == list.Items[0].UID, "list %+v, event %+v", list.Items, event); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "proto", metav1.DeleteOptions{}); err != nil {
		return err
	}
	seen.lock.Lock()
	defer seen.lock.Unlock()
	for _, it := range seen.types {
		if strings.Contains(it, "json") {
			return expect(false, "not all in protobuf: %q", seen.types)
		}
	}
	return expect(len(seen.types) >= 4, "requests: %q", seen.types)
}
