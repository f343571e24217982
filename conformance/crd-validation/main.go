// Command crd-validation asks kube-apiserver's own library what is wrong with the CustomResourceDefinitions of cases.golden.json, and writes
// its answers there. Run it after adding a case.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

type testCase struct {
	Name   string          `json:"name"`
	Object json.RawMessage `json:"object"`
	Old    json.RawMessage `json:"old,omitempty"`
	Causes []cause         `json:"causes"`
}

type cause struct {
	Field   string `json:"field"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func main() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	strategy := customresourcedefinition.NewStrategy(scheme)
	var cases []testCase
	read("cases.golden.json", &cases)
	for i := range cases {
		object := internal(scheme, cases[i].Object)
		var errs field.ErrorList
		if cases[i].Old == nil {
			strategy.PrepareForCreate(context.Background(), object)
			errs = strategy.Validate(context.Background(), object)
		} else {
			old := internal(scheme, cases[i].Old)
			status := object.Status
			strategy.PrepareForUpdate(context.Background(), object, old)
			object.Status = status
			errs = strategy.ValidateUpdate(context.Background(), object, old)
		}
		cases[i].Causes = []cause{}
		for _, err := range errs {
			cases[i].Causes = append(cases[i].Causes, cause{Field: err.Field, Reason: string(err.Type), Message: err.ErrorBody()})
		}
		// The library walks maps, and so in any order.
		slices.SortFunc(cases[i].Causes, func(a, b cause) int {
			return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
		})
	}
	out, err := json.MarshalIndent(cases, "", " ")
	must(err)
	must(os.WriteFile("cases.golden.json", append(out, '\n'), 0o644))
}

func internal(scheme *runtime.Scheme, raw []byte) *apiextensions.CustomResourceDefinition {
	v1 := &apiextensionsv1.CustomResourceDefinition{}
	must(json.Unmarshal(raw, v1))
	scheme.Default(v1)
	out := &apiextensions.CustomResourceDefinition{}
	must(scheme.Convert(v1, out, nil))
	return out
}

func read(name string, into any) {
	raw, err := os.ReadFile(name)
	must(err)
	must(json.Unmarshal(raw, into))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
