// Command smd prints server-side apply cases with the answers of sigs.k8s.io/structured-merge-diff, the library of the
// Kubernetes API server: one JSON object a line of sequences of random applies and updates over one schema.
//
//	go run . > cases.golden.json
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// The same schema as the test's: metadata is left out, as it has rules of its own.
const schema = `types:
- name: root
  map:
    fields:
    - {name: apiVersion, type: {scalar: string}}
    - {name: kind, type: {scalar: string}}
    - {name: spec, type: {namedType: spec}}
- name: spec
  map:
    fields:
    - {name: name, type: {scalar: string}}
    - {name: size, type: {scalar: numeric}}
    - {name: labels, type: {map: {elementType: {scalar: string}}}}
    - {name: fixed, type: {map: {elementType: {scalar: string}, elementRelationship: atomic}}}
    - {name: nested, type: {namedType: nested}}
    - {name: tags, type: {list: {elementType: {scalar: string}, elementRelationship: associative}}}
    - {name: steps, type: {list: {elementType: {scalar: string}, elementRelationship: atomic}}}
    - {name: services, type: {list: {elementType: {namedType: service}, elementRelationship: associative, keys: [type]}}}
    - {name: ports, type: {list: {elementType: {namedType: port}, elementRelationship: associative, keys: [port, protocol]}}}
- name: nested
  map:
    fields:
    - {name: a, type: {scalar: string}}
    - {name: b, type: {scalar: boolean}}
    - {name: deeper, type: {map: {elementType: {scalar: numeric}}}}
- name: service
  map:
    fields:
    - {name: type, type: {scalar: string}}
    - {name: path, type: {scalar: string}}
    - {name: methods, type: {list: {elementType: {scalar: string}, elementRelationship: associative}}}
- name: port
  map:
    fields:
    - {name: port, type: {scalar: numeric}}
    - {name: protocol, type: {scalar: string}}
    - {name: name, type: {scalar: string}}
`

type manager struct {
	Operation string          `json:"operation"`
	Fields    json.RawMessage `json:"fields"`
}

type step struct {
	Operation string             `json:"operation"`
	Manager   string             `json:"manager"`
	Force     bool               `json:"force,omitempty"`
	Input     any                `json:"input"`
	Conflicts []string           `json:"conflicts,omitempty"`
	Object    any                `json:"object,omitempty"`
	Managers  map[string]manager `json:"managers,omitempty"`
}

type oneVersion struct{}

func (oneVersion) Convert(v *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) {
	return v, nil
}
func (oneVersion) IsMissingVersionError(error) bool { return false }

func main() {
	parser, err := typed.NewParser(typed.YAMLObject(schema))
	check(err)
	root := parser.Type("root")
	updater := (&merge.UpdaterBuilder{Converter: oneVersion{}, ReturnInputOnNoop: true}).BuildUpdater()
	random := rand.New(rand.NewSource(1))
	cases := make([][]step, 0, 150)
	for range 150 {
		cases = append(cases, sequence(root, updater, random))
	}
	lines, err := json.Marshal(cases)
	check(err)
	fmt.Fprintln(os.Stdout, string(lines))
}

func sequence(root typed.ParseableType, updater *merge.Updater, random *rand.Rand) []step {
	live, err := root.FromUnstructured(map[string]any{"apiVersion": "v1", "kind": "Widget"})
	check(err)
	managers := fieldpath.ManagedFields{}
	steps := []step{}
	for range 6 {
		input := map[string]any{"apiVersion": "v1", "kind": "Widget", "spec": randomSpec(random)}
		next := step{Manager: []string{"a", "b", "c"}[random.Intn(3)], Input: input, Operation: "Apply", Force: random.Intn(3) == 0}
		config, err := root.FromUnstructured(input)
		check(err)
		if random.Intn(3) == 0 {
			next.Operation, next.Force = "Update", false
			live, managers, err = update(updater, live, config, managers, next.Manager)
			check(err)
		} else {
			applied, owners, err := updater.Apply(live, config, "v1", managers.Copy(), next.Manager+"/Apply", next.Force)
			if conflicts, ok := err.(merge.Conflicts); ok {
				for _, conflict := range conflicts {
					next.Conflicts = append(next.Conflicts, conflict.Manager+" "+conflict.Path.String())
				}
				sort.Strings(next.Conflicts)
				steps = append(steps, next)
				continue
			}
			check(err)
			live, managers = applied, owners
		}
		next.Object = live.AsValue().Unstructured()
		next.Managers = encode(managers)
		steps = append(steps, next)
	}
	return steps
}

// update tracks a write as apimachinery does: under a name of its own first, then added to what the manager had.
func update(updater *merge.Updater, live, next *typed.TypedValue, managers fieldpath.ManagedFields, name string) (*typed.TypedValue, fieldpath.ManagedFields, error) {
	result, owners, err := updater.Update(live, next, "v1", managers.Copy(), "current")
	if err != nil {
		return nil, nil, err
	}
	if set, ok := owners["current"]; ok {
		delete(owners, "current")
		union := set.Set()
		if previous, ok := owners[name+"/Update"]; ok {
			union = union.Union(previous.Set())
		}
		owners[name+"/Update"] = fieldpath.NewVersionedSet(union, "v1", false)
	}
	return result, owners, nil
}

var identity = fieldpath.NewSet(fieldpath.MakePathOrDie("apiVersion"), fieldpath.MakePathOrDie("kind"))

func encode(managers fieldpath.ManagedFields) map[string]manager {
	encoded := map[string]manager{}
	for name, set := range managers {
		fields := set.Set().Difference(identity)
		if fields.Empty() {
			continue
		}
		text, err := fields.ToJSON()
		check(err)
		operation := "Update"
		if set.Applied() {
			operation = "Apply"
		}
		encoded[name] = manager{Operation: operation, Fields: text}
	}
	return encoded
}

func randomSpec(random *rand.Rand) map[string]any {
	spec := map[string]any{}
	maybe := func(name string, make func() any) {
		switch random.Intn(16) {
		case 0:
			spec[name] = nil
		case 1, 2, 3, 4, 5, 6, 7, 8:
			spec[name] = make()
		}
	}
	maybe("name", func() any { return word(random) })
	maybe("size", func() any { return random.Intn(3) })
	maybe("labels", func() any { return words(random) })
	maybe("fixed", func() any { return words(random) })
	maybe("nested", func() any { return nested(random) })
	maybe("tags", func() any { return distinct(random) })
	maybe("steps", func() any { return distinct(random) })
	maybe("services", func() any { return services(random) })
	maybe("ports", func() any { return ports(random) })
	return spec
}

func word(random *rand.Rand) string { return []string{"x", "y", "z"}[random.Intn(3)] }

func words(random *rand.Rand) map[string]any {
	result := map[string]any{}
	for range random.Intn(3) {
		result[word(random)] = word(random)
	}
	return result
}

func distinct(random *rand.Rand) []any {
	result := []any{}
	for _, at := range random.Perm(4)[:random.Intn(4)] {
		result = append(result, []string{"x", "y", "z", "w"}[at])
	}
	return result
}

func nested(random *rand.Rand) map[string]any {
	result := map[string]any{}
	if random.Intn(2) == 0 {
		result["a"] = word(random)
	}
	if random.Intn(2) == 0 {
		result["b"] = random.Intn(2) == 0
	}
	if random.Intn(2) == 0 {
		result["deeper"] = map[string]any{word(random): random.Intn(2)}
	}
	return result
}

func services(random *rand.Rand) []any {
	result := []any{}
	for _, name := range distinct(random) {
		item := map[string]any{"type": name}
		if random.Intn(2) == 0 {
			item["path"] = word(random)
		}
		if random.Intn(2) == 0 {
			item["methods"] = distinct(random)
		}
		result = append(result, item)
	}
	return result
}

func ports(random *rand.Rand) []any {
	result := []any{}
	for _, at := range random.Perm(3)[:random.Intn(3)] {
		item := map[string]any{"port": at, "protocol": []string{"TCP", "UDP"}[random.Intn(2)]}
		if random.Intn(2) == 0 {
			item["name"] = word(random)
		}
		result = append(result, item)
	}
	return result
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
