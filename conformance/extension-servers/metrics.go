package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metainternal "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/compatibility"
	kubeopenapi "k8s.io/kube-openapi/pkg/common"
	"k8s.io/metrics/pkg/apis/metrics"
	"k8s.io/metrics/pkg/apis/metrics/install"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// newMetricsCommand serves metrics.k8s.io as metrics-server does: read only, made at each request, without a store, with the rights of
// callers asked of the server in front.
func newMetricsCommand(ctx context.Context) *cobra.Command {
	serving := options.NewSecureServingOptions().WithLoopback()
	authentication := options.NewDelegatingAuthenticationOptions()
	authorization := options.NewDelegatingAuthorizationOptions()
	command := &cobra.Command{
		Use: "metrics",
		RunE: func(*cobra.Command, []string) error {
			return serveMetrics(ctx, serving, authentication, authorization)
		},
	}
	serving.AddFlags(command.Flags())
	authentication.AddFlags(command.Flags())
	authorization.AddFlags(command.Flags())
	return command
}

func serveMetrics(
	ctx context.Context,
	serving *options.SecureServingOptionsWithLoopback,
	authentication *options.DelegatingAuthenticationOptions,
	authorization *options.DelegatingAuthorizationOptions,
) error {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	codecs := serializer.NewCodecFactory(scheme)
	config := genericapiserver.NewRecommendedConfig(codecs)
	if err := serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	if err := authentication.ApplyTo(&config.Authentication, config.SecureServing, nil); err != nil {
		return fmt.Errorf("authentication: %w", err)
	}
	if err := authorization.ApplyTo(&config.Authorization); err != nil {
		return fmt.Errorf("authorization: %w", err)
	}
	definitions := func(ref kubeopenapi.ReferenceCallback) map[string]kubeopenapi.OpenAPIDefinition {
		return openAPIDefinitions(ref)
	}
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, openapi.NewDefinitionNamer(scheme))
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, openapi.NewDefinitionNamer(scheme))
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	server, err := config.Complete().New("metrics", genericapiserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	group := genericapiserver.NewDefaultAPIGroupInfo(metrics.GroupName, scheme, runtime.NewParameterCodec(scheme), codecs)
	group.VersionedResourcesStorageMap[metricsv1beta1.SchemeGroupVersion.Version] = map[string]rest.Storage{"pods": &podMetrics{}}
	if err := server.InstallAPIGroup(&group); err != nil {
		return err
	}
	return server.PrepareRun().RunWithContext(ctx)
}

// podMetrics answers with two pods in each namespace.
type podMetrics struct{}

var (
	_ rest.KindProvider         = &podMetrics{}
	_ rest.Getter               = &podMetrics{}
	_ rest.Lister               = &podMetrics{}
	_ rest.SingularNameProvider = &podMetrics{}
)

func (*podMetrics) New() runtime.Object     { return &metrics.PodMetrics{} }
func (*podMetrics) NewList() runtime.Object { return &metrics.PodMetricsList{} }
func (*podMetrics) Destroy()                {}
func (*podMetrics) Kind() string            { return "PodMetrics" }
func (*podMetrics) NamespaceScoped() bool   { return true }
func (*podMetrics) GetSingularName() string { return "pod" }

func (*podMetrics) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	for _, pod := range podsOf(genericrequest.NamespaceValue(ctx)) {
		if pod.Name == name {
			return &pod, nil
		}
	}
	return nil, errors.NewNotFound(metrics.Resource("pods"), name)
}

func (*podMetrics) List(ctx context.Context, _ *metainternal.ListOptions) (runtime.Object, error) {
	return &metrics.PodMetricsList{Items: podsOf(genericrequest.NamespaceValue(ctx))}, nil
}

func (*podMetrics) ConvertToTable(_ context.Context, object, _ runtime.Object) (*metav1.Table, error) {
	table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name"},
		{Name: "CPU", Type: "string"},
		{Name: "Memory", Type: "string"},
	}}
	var pods []metrics.PodMetrics
	switch it := object.(type) {
	case *metrics.PodMetrics:
		pods = []metrics.PodMetrics{*it}
	case *metrics.PodMetricsList:
		pods = it.Items
	}
	for index := range pods {
		usage := pods[index].Containers[0].Usage
		table.Rows = append(table.Rows, metav1.TableRow{
			Cells:  []interface{}{pods[index].Name, usage.Cpu().String(), usage.Memory().String()},
			Object: runtime.RawExtension{Object: &pods[index]},
		})
	}
	return table, nil
}

func podsOf(namespace string) []metrics.PodMetrics {
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return []metrics.PodMetrics{pod(namespace, "first", "250m", "64Mi"), pod(namespace, "second", "1", "128Mi")}
}

func pod(namespace, name, cpu, memory string) metrics.PodMetrics {
	return metrics.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Timestamp:  metav1.Now(),
		Window:     metav1.Duration{Duration: time.Minute},
		Containers: []metrics.ContainerMetrics{{
			Name:  "main",
			Usage: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
		}},
	}
}
