// The program records what k8s.io/apiextensions-apiserver says of schemas, rules and objects: the words that packages/apiserver is held
// against. From the top of the repository:
//
//	npx tsx --conditions=source packages/apiserver/src/schema/testing/write-cases.ts /tmp/cases.jsonl
//	cd conformance/schema-validation && go run . < /tmp/cases.jsonl > ../../packages/apiserver/src/schema/testing/recorded-answers.json
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

type input struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Object json.RawMessage `json:"object"`
	Old    json.RawMessage `json:"old"`
}
type cause struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Field   string `json:"field"`
}
type output struct {
	Error      string  `json:"error,omitempty"`
	Check      []cause `json:"check"`
	Structural []cause `json:"structural"`
	Rules      []cause `json:"rules"`
}

func causes(errs field.ErrorList) []cause {
	res := []cause{}
	for _, e := range errs {
		res = append(res, cause{string(e.Type), e.ErrorBody(), e.Field})
	}
	return res
}

func run(in input) (out output) {
	out.Structural, out.Rules = []cause{}, []cause{}
	defer func() {
		if r := recover(); r != nil {
			out.Error = fmt.Sprint(r)
		}
	}()
	v1 := &apiextv1.JSONSchemaProps{}
	if err := json.Unmarshal(in.Schema, v1); err != nil {
		out.Error = err.Error()
		return
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v1, internal, nil); err != nil {
		out.Error = err.Error()
		return
	}
	out.Check = causes(check(internal))
	if len(in.Object) == 0 {
		return
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		out.Error = err.Error()
		return
	}
	var obj, old interface{}
	if err := utiljson.Unmarshal(in.Object, &obj); err != nil {
		out.Error = err.Error()
		return
	}
	if len(in.Old) > 0 && string(in.Old) != "null" {
		if err := utiljson.Unmarshal(in.Old, &old); err != nil {
			out.Error = err.Error()
			return
		}
	}
	sv, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		out.Error = err.Error()
		return
	}
	celv := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	if old == nil {
		out.Structural = causes(validation.ValidateCustomResource(nil, obj, sv))
		errs, _ := celv.Validate(context.Background(), nil, structural, obj, nil, celconfig.RuntimeCELCostBudget)
		out.Rules = causes(errs)
	} else {
		corr := common.NewCorrelatedObject(obj, old, &model.Structural{Structural: structural})
		out.Structural = causes(validation.ValidateCustomResourceUpdate(nil, obj, old, sv, validation.WithRatcheting(corr)))
		errs, _ := celv.Validate(context.Background(), nil, structural, obj, old, celconfig.RuntimeCELCostBudget, cel.WithRatcheting(corr))
		out.Rules = causes(errs)
	}
	return
}

func check(s *apiextensions.JSONSchemaProps) field.ErrorList {
	crd := &apiextensions.CustomResourceDefinition{}
	crd.Name = "widgets.example.org"
	crd.Spec.Group = "example.org"
	crd.Spec.Scope = "Namespaced"
	crd.Spec.Names = apiextensions.CustomResourceDefinitionNames{Plural: "widgets", Singular: "widget", Kind: "Widget", ListKind: "WidgetList"}
	f := false
	crd.Spec.PreserveUnknownFields = &f
	crd.Spec.Version = "v1"
	crd.Spec.Versions = []apiextensions.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true}}
	crd.Spec.Validation = &apiextensions.CustomResourceValidation{OpenAPIV3Schema: s}
	crd.Status.StoredVersions = []string{"v1"}
	return apiextvalidation.ValidateCustomResourceDefinition(context.Background(), crd)
}

// selfType matches the name that the server makes up for the type of a rule's self at each start.
var selfType = regexp.MustCompile(`selfType\d+`)

func main() {
	answers := map[string]output{}
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(make([]byte, 1<<20), 1<<26)
	for scanner.Scan() {
		var in input
		if err := json.Unmarshal(scanner.Bytes(), &in); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answers[in.Name] = run(in)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(selfType.ReplaceAll(text.Bytes(), []byte("selfType")))
}
