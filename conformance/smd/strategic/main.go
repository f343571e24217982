// Command strategic prints strategic merge patches with the answers of k8s.io/apimachinery.
//
//	go run ./strategic > strategic.golden.json
package main

import (
	"encoding/json"
	"fmt"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"math/rand"
)

type Port struct {
	Port int    `json:"port"`
	Name string `json:"name,omitempty"`
}
type Spec struct {
	Ports  []Port            `json:"ports,omitempty" patchStrategy:"merge" patchMergeKey:"port"`
	Tags   []string          `json:"tags,omitempty" patchStrategy:"merge"`
	Steps  []string          `json:"steps,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}
type W struct {
	Spec Spec `json:"spec,omitempty"`
}

func main() {
	r := rand.New(rand.NewSource(2))
	out := []any{}
	mk := func() W {
		w := W{}
		for _, i := range r.Perm(4)[:r.Intn(5)] {
			w.Spec.Ports = append(w.Spec.Ports, Port{i, []string{"a", "b", ""}[r.Intn(3)]})
		}
		for _, i := range r.Perm(4)[:r.Intn(5)] {
			w.Spec.Tags = append(w.Spec.Tags, []string{"x", "y", "z", "w"}[i])
		}
		for _, i := range r.Perm(3)[:r.Intn(3)] {
			w.Spec.Steps = append(w.Spec.Steps, []string{"x", "y", "z"}[i])
		}
		if r.Intn(2) == 0 {
			w.Spec.Labels = map[string]string{"k": []string{"1", "2"}[r.Intn(2)]}
		}
		return w
	}
	for i := 0; i < 200; i++ {
		a, b, live := mk(), mk(), mk()
		aj, _ := json.Marshal(a)
		bj, _ := json.Marshal(b)
		if r.Intn(2) == 0 {
			live = a
		}
		lj, _ := json.Marshal(live)
		p, err := strategicpatch.CreateTwoWayMergePatch(aj, bj, W{})
		if err != nil {
			panic(err)
		}
		res, err := strategicpatch.StrategicMergePatch(lj, p, W{})
		if err != nil {
			continue
		}
		out = append(out, map[string]any{"live": json.RawMessage(lj), "patch": json.RawMessage(p), "result": json.RawMessage(res)})
	}
	j, _ := json.Marshal(out)
	fmt.Println(string(j))
}
