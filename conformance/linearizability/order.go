package main

import (
	"fmt"
	"sort"
)

// checkOrder holds the whole store against real time. Revisions order all writes, so that each operation can be given the least revision
// at which it may have taken place: that of the write, or the first state that fits what was read, not before any revision that an
// operation which ended earlier was given. A history has such revisions if and only if it is linearizable in the order of revisions.
func checkOrder(operations []operation, line *timeline) []string {
	byEnd := make([]int, 0, len(operations))
	for i := range operations {
		if operations[i].Return != nil {
			byEnd = append(byEnd, i)
		}
	}
	sort.SliceStable(byEnd, func(a, b int) bool { return operations[byEnd[a]].end() < operations[byEnd[b]].end() })
	place := make([]int64, len(operations))
	var faults []string
	bound, boundBy, ended := int64(0), -1, 0
	for i := range operations {
		each := &operations[i]
		for ; ended < len(byEnd) && operations[byEnd[ended]].end() < each.Call; ended++ {
			if j := byEnd[ended]; place[j] > bound {
				bound, boundBy = place[j], j
			}
		}
		at, fits := placeOf(each, bound, line)
		if !fits {
			faults = append(faults, fmt.Sprintf("%s; but revision %d was there before: %s", each, bound, describe(operations, boundBy)))
		}
		place[i] = at
	}
	return faults
}

func describe(operations []operation, index int) string {
	if index < 0 {
		return "the start"
	}
	return operations[index].String()
}

// placeOf returns the least revision, not before bound, at which the operation may have taken place.
func placeOf(o *operation, bound int64, line *timeline) (int64, bool) {
	switch {
	case o.Kind == "seen":
		return o.Revision, true
	case o.writesValue() && o.Outcome == "ok":
		return o.Revision, o.Revision > bound
	case o.Kind == "delete" && o.Outcome == "ok":
		if o.Revision > 0 {
			return o.Revision, o.Revision > bound
		}
		for _, revision := range line.deletions(o.Key) {
			if revision > bound {
				return revision, true
			}
		}
		return bound, false
	case o.Kind == "delete" && o.Outcome == "unknown":
		return 0, true
	case o.Kind == "list":
		return o.Revision, o.Revision >= bound
	case o.Kind == "snapshot":
		return o.Revision, o.Revision >= o.Expected
	default:
		return line.first(o.Key, bound, func(state span) bool { return fits(o, state) })
	}
}

// fits tells whether an operation that read one key, or was refused, found it in that state.
func fits(o *operation, state span) bool {
	isThere := state.value != nil
	switch o.Outcome {
	case "missing":
		return !isThere
	case "exists":
		return isThere
	case "conflict":
		return !isThere || state.from != o.Expected
	default:
		return isThere && state.from == o.Revision && *state.value == o.Value
	}
}

// checkUnique finds revisions that two acknowledged writes were given.
func checkUnique(operations []operation) []string {
	var faults []string
	seen := map[int64]*operation{}
	for i := range operations {
		each := &operations[i]
		if !each.writesValue() || each.Outcome != "ok" {
			continue
		}
		if twin, twice := seen[each.Revision]; twice {
			faults = append(faults, fmt.Sprintf("revision %d was given twice: %s; %s", each.Revision, twin, each))
		}
		seen[each.Revision] = each
	}
	return faults
}
