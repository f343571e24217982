package main

import (
	"context"
	"encoding/json"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
)

func checkDiscovery(_ context.Context, c *clients) error {
	client := c.typed.Discovery()
	groups, resources, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if _, err := client.OpenAPISchema(); err != nil {
		return fmt.Errorf("OpenAPI v2: %w", err)
	}
	paths, err := client.OpenAPIV3().Paths()
	if err != nil {
		return fmt.Errorf("OpenAPI v3: %w", err)
	}
	for path, groupVersion := range paths {
		if _, err := groupVersion.Schema("application/json"); err != nil {
			return fmt.Errorf("OpenAPI v3 of %s: %w", path, err)
		}
	}
	legacy := discovery.NewDiscoveryClientForConfigOrDie(c.config)
	legacy.UseLegacyDiscovery = true
	_, old, err := legacy.ServerGroupsAndResources()
	if err != nil {
		return fmt.Errorf("classic discovery: %w", err)
	}
	return expect(len(old) == len(resources) && len(groups) > 3, "classic discovery has %d lists, aggregated %d", len(old), len(resources))
}

func checkMapper(_ context.Context, c *clients) error {
	cached := memory.NewMemCacheClient(c.typed.Discovery())
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, func(string) {})
	for name, kind := range map[string]string{"dps": "DataPlaneService", "dataplaneservice": "DataPlaneService", "leases": "Lease", "ns": "Namespace"} {
		found, err := mapper.KindFor(schema.GroupVersionResource{Resource: name})
		if err != nil {
			return err
		}
		if found.Kind != kind {
			return fmt.Errorf("%s is %s", name, found.Kind)
		}
	}
	return nil
}

func checkReviews(ctx context.Context, c *clients) error {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Group: "aggregation.grafana.app", Resource: "dataplaneservices"},
	}}
	answer, err := c.json.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	text, _ := json.Marshal(answer.Status)
	return expect(answer.Status.Allowed, "not allowed: %s", text)
}
