package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// One key, as the API shows it. It knows nothing of the store's own history.
type register struct {
	present bool
	// Of the object; of one whose write was not answered 0 until somebody reads it.
	revision int64
	value    string
	// The greatest revision that a write of this key was given.
	newest int64
}

// step returns every state that the operation may have left.
func (r register) step(o *operation) []register {
	if o.Outcome == "unknown" {
		return append(r.write(o), r)
	}
	if o.Outcome == "ok" && (o.writesValue() || o.Kind == "delete") {
		return r.write(o)
	}
	switch o.Outcome {
	case "missing":
		return only(r, !r.present)
	case "exists":
		return only(r, r.present)
	case "conflict":
		return only(r, !r.present || r.revision != o.Expected)
	}
	if !r.present || r.value != o.Value || (r.revision != 0 && r.revision != o.Revision) {
		return nil
	}
	r.revision, r.newest = o.Revision, max(r.newest, o.Revision)
	return []register{r}
}

func (r register) write(o *operation) []register {
	isExpected := o.Expected == 0 || r.revision == 0 || r.revision == o.Expected
	switch {
	case o.Kind == "create" && r.present, o.Kind != "create" && (!r.present || !isExpected):
		return nil
	case o.Revision != 0 && o.Revision <= r.newest:
		return nil
	case o.Kind == "delete":
		return []register{{newest: max(r.newest, o.Revision)}}
	}
	return []register{{present: true, revision: o.Revision, value: o.Value, newest: max(r.newest, o.Revision)}}
}

func only(r register, fits bool) []register {
	if fits {
		return []register{r}
	}
	return nil
}

var registers = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{register{}} },
	Step: func(state, input, _ any) []any {
		var next []any
		for _, each := range state.(register).step(input.(*operation)) {
			next = append(next, each)
		}
		return next
	},
	Equal: func(a, b any) bool { return a == b },
}).ToModel()

// checkKeys asks porcupine of each key by itself; a list reads each key. Also returns the keys it could not decide in time.
func checkKeys(operations []operation, limit time.Duration) (faults, undecided []string) {
	byKey := map[string][]porcupine.Operation{}
	for i := range operations {
		if each := &operations[i]; each.Kind != "list" && each.Kind != "snapshot" && each.Kind != "seen" {
			byKey[each.Key] = append(byKey[each.Key], inputOf(each))
		}
	}
	for i := range operations {
		if each := &operations[i]; each.Kind == "list" {
			for key := range byKey {
				byKey[key] = append(byKey[key], inputOf(readBy(each, key)))
			}
		}
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		switch porcupine.CheckOperationsTimeout(registers, byKey[key], limit) {
		case porcupine.Illegal:
			faults = append(faults, fmt.Sprintf("the history of %s is not linearizable (%d operations)", key, len(byKey[key])))
		case porcupine.Unknown:
			undecided = append(undecided, fmt.Sprintf("%s (%d operations)", key, len(byKey[key])))
		}
	}
	return faults, undecided
}

func inputOf(o *operation) porcupine.Operation {
	return porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Output: nil, Return: o.end()}
}

// readBy is what a list tells of one key.
func readBy(list *operation, key string) *operation {
	read := &operation{Client: list.Client, Call: list.Call, Return: list.Return, Kind: "get", Key: key, Outcome: "missing"}
	for _, each := range list.Items {
		if each.Key == key {
			read.Outcome, read.Revision, read.Value = "ok", each.Revision, each.Value
		}
	}
	return read
}
