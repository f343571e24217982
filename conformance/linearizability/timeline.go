package main

import (
	"fmt"
	"math"
	"sort"
)

// What one key was, from a revision on.
type span struct {
	from  int64
	value *string
}

// The states of every key by revision, as the store's own history tells them.
type timeline struct {
	spans map[string][]span
}

func newTimeline(log []change) (*timeline, []string) {
	var faults []string
	line := &timeline{spans: map[string][]span{}}
	last := int64(0)
	for _, each := range log {
		if each.Revision <= last {
			faults = append(faults, fmt.Sprintf("the store's history goes from revision %d to %d", last, each.Revision))
		}
		last = each.Revision
		spans := line.spans[each.Key]
		if each.Value == nil && (len(spans) == 0 || spans[len(spans)-1].value == nil) {
			faults = append(faults, fmt.Sprintf("the store's history deletes %s at revision %d, where it is not", each.Key, each.Revision))
		}
		line.spans[each.Key] = append(spans, span{each.Revision, each.Value})
	}
	return line, faults
}

// at returns the state of a key at a revision; from is 0 when it was never there.
func (t *timeline) at(key string, revision int64) span {
	spans := t.spans[key]
	next := sort.Search(len(spans), func(i int) bool { return spans[i].from > revision })
	if next == 0 {
		return span{}
	}
	return spans[next-1]
}

// first returns the least revision, not before bound, at which the key's state fits.
func (t *timeline) first(key string, bound int64, fits func(span) bool) (int64, bool) {
	if fits(t.at(key, bound)) {
		return bound, true
	}
	spans := t.spans[key]
	next := sort.Search(len(spans), func(i int) bool { return spans[i].from > bound })
	for _, each := range spans[next:] {
		if fits(each) {
			return each.from, true
		}
	}
	return 0, false
}

// before returns the state that the change at that revision replaced.
func (t *timeline) before(key string, revision int64) span { return t.at(key, revision-1) }

// deletions returns the revisions at which the key was deleted.
func (t *timeline) deletions(key string) []int64 {
	var found []int64
	for _, each := range t.spans[key] {
		if each.value == nil {
			found = append(found, each.from)
		}
	}
	return found
}

// stateFaults compares a list with the state at its revision.
func (t *timeline) stateFaults(list *operation) []string {
	var faults []string
	if list.Revision == 0 || list.Revision == math.MaxInt64 {
		return []string{"a list without a revision: " + list.String()}
	}
	listed := map[string]bool{}
	for _, each := range list.Items {
		listed[each.Key] = true
		state := t.at(each.Key, list.Revision)
		if state.value == nil || *state.value != each.Value || state.from != each.Revision {
			faults = append(faults, fmt.Sprintf("a list at revision %d has %s with %s of revision %d, which is not its state then: %s",
				list.Revision, each.Key, each.Value, each.Revision, list))
		}
	}
	for key := range t.spans {
		if state := t.at(key, list.Revision); state.value != nil && !listed[key] {
			faults = append(faults, fmt.Sprintf("a list at revision %d lacks %s, there since revision %d: %s", list.Revision, key, state.from, list))
		}
	}
	return faults
}
