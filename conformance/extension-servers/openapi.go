package main

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	sample "k8s.io/sample-apiserver/pkg/generated/openapi"
)

// openAPIDefinitions describes the kinds of metrics.k8s.io; those of metadata are generated with the sample server.
func openAPIDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	definitions := sample.GetOpenAPIDefinitions(ref)
	text := func(description string) spec.Schema {
		return spec.Schema{SchemaProps: spec.SchemaProps{Description: description, Type: []string{"string"}, Default: ""}}
	}
	to := func(model string) spec.Schema {
		return spec.Schema{SchemaProps: spec.SchemaProps{Ref: ref(model)}}
	}
	listOf := func(model string) spec.Schema {
		items := to(model)
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"array"}, Items: &spec.SchemaOrArray{Schema: &items}}}
	}
	object := func(description string, properties map[string]spec.Schema, dependencies ...string) common.OpenAPIDefinition {
		return common.OpenAPIDefinition{
			Schema:       spec.Schema{SchemaProps: spec.SchemaProps{Description: description, Type: []string{"object"}, Properties: properties}},
			Dependencies: dependencies,
		}
	}
	quantity, container := resource.Quantity{}.OpenAPIModelName(), metricsv1beta1.ContainerMetrics{}.OpenAPIModelName()
	amount := to(quantity)
	definitions[container] = object("ContainerMetrics is what one container uses.", map[string]spec.Schema{
		"name": text("Name of the container."),
		"usage": {SchemaProps: spec.SchemaProps{
			Type: []string{"object"}, AdditionalProperties: &spec.SchemaOrBool{Allows: true, Schema: &amount},
		}},
	}, quantity)
	definitions[metricsv1beta1.PodMetrics{}.OpenAPIModelName()] = object("PodMetrics is what the containers of a pod use.", map[string]spec.Schema{
		"kind":       text("Kind of the object."),
		"apiVersion": text("Group and version of the object."),
		"metadata":   to(metav1.ObjectMeta{}.OpenAPIModelName()),
		"timestamp":  to(metav1.Time{}.OpenAPIModelName()),
		"window":     to(metav1.Duration{}.OpenAPIModelName()),
		"containers": listOf(container),
	}, container, metav1.ObjectMeta{}.OpenAPIModelName(), metav1.Time{}.OpenAPIModelName(), metav1.Duration{}.OpenAPIModelName())
	definitions[metricsv1beta1.PodMetricsList{}.OpenAPIModelName()] = object("PodMetricsList is a list of PodMetrics.", map[string]spec.Schema{
		"kind":       text("Kind of the object."),
		"apiVersion": text("Group and version of the object."),
		"metadata":   to(metav1.ListMeta{}.OpenAPIModelName()),
		"items":      listOf(metricsv1beta1.PodMetrics{}.OpenAPIModelName()),
	}, metricsv1beta1.PodMetrics{}.OpenAPIModelName(), metav1.ListMeta{}.OpenAPIModelName())
	return definitions
}
