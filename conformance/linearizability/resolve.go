package main

import "fmt"

// resolve decides from the store's own history what became of writes whose answer never came, and finds writes that it contradicts.
// Values are unique, so that a value tells its write. What stays unknown keeps its outcome.
func resolve(h *history, line *timeline) ([]operation, []string) {
	var faults []string
	written := map[string]change{}
	for _, each := range h.log {
		if each.Value == nil {
			continue
		}
		if twin, twice := written[*each.Value]; twice {
			faults = append(faults, fmt.Sprintf("%s was written at revision %d and again at %d", *each.Value, twin.Revision, each.Revision))
		}
		written[*each.Value] = each
	}
	known := map[string]bool{}
	for i := range h.operations {
		if h.operations[i].writesValue() {
			known[h.operations[i].Value] = true
		}
	}
	for value, each := range written {
		if !known[value] {
			faults = append(faults, fmt.Sprintf("nobody wrote %s, which %s has at revision %d", value, each.Key, each.Revision))
		}
	}
	deletions := newDeletions(h.operations, line)
	var resolved []operation
	for _, each := range h.operations {
		made, isMade := written[each.Value]
		switch {
		case each.writesValue() && each.Outcome == "ok":
			if !isMade || made.Revision != each.Revision || made.Key != each.Key {
				faults = append(faults, "an acknowledged write is not in the store's history: "+each.String())
			}
			resolved = append(resolved, each)
		case each.writesValue() && each.Outcome == "unknown":
			if isMade {
				each.Outcome, each.Revision = "ok", made.Revision
				resolved = append(resolved, each)
			}
		case each.writesValue():
			if isMade {
				faults = append(faults, fmt.Sprintf("a write that was refused was made, at revision %d: %s", made.Revision, each.String()))
			}
			if each.Outcome != "failed" {
				resolved = append(resolved, each)
			}
		case each.Kind == "delete" && each.Outcome == "unknown":
			if deletions.resolve(&each) {
				resolved = append(resolved, each)
			}
		case each.Outcome != "failed" && each.Outcome != "unknown":
			if each.Kind == "delete" && each.Outcome == "ok" {
				each.Revision = deletions.revisionOf(&each)
				if each.Revision < 0 {
					faults = append(faults, "an acknowledged delete is not in the store's history: "+each.String())
				}
			}
			resolved = append(resolved, each)
		}
	}
	return resolved, faults
}

type deleted struct {
	key      string
	previous int64
}

// Which deletion of the store's history is whose.
type deletions struct {
	revisions map[deleted]int64
	// Deletions that an answered delete with an expectation, or one that was resolved, explains.
	explained map[deleted]bool
	unclaimed map[string]int
}

func newDeletions(operations []operation, line *timeline) *deletions {
	d := &deletions{map[deleted]int64{}, map[deleted]bool{}, map[string]int{}}
	for key := range line.spans {
		for _, revision := range line.deletions(key) {
			d.revisions[deleted{key, line.before(key, revision).from}] = revision
			d.unclaimed[key]++
		}
	}
	for i := range operations {
		each := &operations[i]
		if each.Kind == "delete" && each.Outcome == "ok" {
			if each.Expected != 0 {
				d.explained[deleted{each.Key, each.Expected}] = true
			}
			d.unclaimed[each.Key]--
		}
	}
	return d
}

// revisionOf returns that of an acknowledged delete; 0 when the history cannot tell which it was, -1 when it was none.
func (d *deletions) revisionOf(o *operation) int64 {
	if o.Expected == 0 {
		return 0
	}
	if revision, is := d.revisions[deleted{o.Key, o.Expected}]; is {
		return revision
	}
	return -1
}

// resolve tells whether an unanswered delete may have taken place, and sets what is known of it.
func (d *deletions) resolve(o *operation) bool {
	if d.unclaimed[o.Key] <= 0 {
		return false
	}
	if o.Expected == 0 {
		return true
	}
	which := deleted{o.Key, o.Expected}
	revision, is := d.revisions[which]
	if !is || d.explained[which] {
		return false
	}
	d.explained[which] = true
	// Another one without an expectation may have done it instead: it stays possible, not certain.
	o.Revision = revision
	return true
}
