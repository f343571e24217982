// Command linearizability reads the history of a store's clients from a file, and tells whether it is one that a store could have which
// does one thing after another. Each key is asked of porcupine (https://github.com/anishathalye/porcupine) as a register with revisions;
// the whole store, lists included, is held against the order of revisions. Prints what it found as JSON; exits with 1 for violations,
// 3 when it could not decide in time.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

type report struct {
	Operations int      `json:"operations"`
	Changes    int      `json:"changes"`
	Violations []string `json:"violations"`
	Undecided  []string `json:"undecided"`
}

func main() {
	limit := flag.Duration("timeout", time.Minute, "for each key")
	flag.Parse()
	file, err := os.Open(flag.Arg(0))
	exitOn(err)
	read, err := readHistory(file)
	exitOn(err)
	found := check(read, *limit)
	exitOn(json.NewEncoder(os.Stdout).Encode(found))
	switch {
	case len(found.Violations) > 0:
		os.Exit(1)
	case len(found.Undecided) > 0:
		os.Exit(3)
	}
}

func check(h *history, limit time.Duration) report {
	found := report{Operations: len(h.operations), Changes: len(h.log), Violations: checkUnique(h.operations), Undecided: []string{}}
	operations := telling(h.operations)
	if h.log != nil {
		line, faults := newTimeline(h.log)
		found.Violations = append(found.Violations, faults...)
		operations, faults = resolve(h, line)
		found.Violations = append(found.Violations, faults...)
		for i := range operations {
			if each := &operations[i]; each.Kind == "list" || each.Kind == "snapshot" {
				found.Violations = append(found.Violations, line.stateFaults(each)...)
			}
		}
		found.Violations = append(found.Violations, checkOrder(operations, line)...)
	}
	faults, undecided := checkKeys(operations, limit)
	found.Violations = append(found.Violations, faults...)
	found.Undecided = append(found.Undecided, undecided...)
	if found.Violations == nil {
		found.Violations = []string{}
	}
	return found
}

// telling leaves out what tells nothing: refusals, and reads without an answer.
func telling(operations []operation) []operation {
	var left []operation
	for _, each := range operations {
		isRead := each.Kind == "get" || each.Kind == "list" || each.Kind == "snapshot"
		if each.Outcome != "failed" && !(isRead && each.Outcome == "unknown") {
			left = append(left, each)
		}
	}
	return left
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
