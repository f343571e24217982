package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sort"
)

// An operation as its client saw it. Times are nanoseconds of one monotonic clock.
type operation struct {
	Client int   `json:"client"`
	Call   int64 `json:"call"`
	// Nil when no answer came.
	Return *int64 `json:"return"`
	// create, update, delete, get, list (fresh), snapshot (a list that may be old), seen (an event of a watch).
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// What an update or a delete asked for; of a snapshot the revision it must reach. 0: nothing.
	Expected int64 `json:"expected"`
	// What was written, or found by a get.
	Value string `json:"value"`
	// ok, missing, exists, conflict, failed (nothing may have been written), unknown.
	Outcome string `json:"outcome"`
	// Of the write, of the object that was found, of the list. 0: not told.
	Revision int64  `json:"revision"`
	Items    []item `json:"items"`
}

type item struct {
	Key      string `json:"key"`
	Revision int64  `json:"revision"`
	Value    string `json:"value"`
}

// A change as the store's own history tells it. A nil value is a deletion.
type change struct {
	Revision int64   `json:"revision"`
	Key      string  `json:"key"`
	Value    *string `json:"value"`
}

// What was recorded. No key is there at the start.
type history struct {
	operations []operation
	// In order of revision; nil when the store's history was not read.
	log []change
}

const never = int64(1) << 62

func (o *operation) end() int64 {
	if o.Return == nil {
		return never
	}
	return *o.Return
}

func (o *operation) writesValue() bool { return o.Kind == "create" || o.Kind == "update" }

func (o *operation) String() string {
	text := fmt.Sprintf("client %d: %s %s", o.Client, o.Kind, o.Key)
	if o.Expected != 0 {
		text += fmt.Sprintf(" expecting %d", o.Expected)
	}
	if o.Value != "" {
		text += fmt.Sprintf(" value %s", o.Value)
	}
	return fmt.Sprintf("%s: %s at revision %d [%d..%d]", text, o.Outcome, o.Revision, o.Call, o.end())
}

// readHistory reads lines of JSON, which begin with the name of what they are: {"operation": …}, {"change": …}, {"log": true}.
func readHistory(from io.Reader) (*history, error) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 64<<20)
	var read history
	for number := 1; scanner.Scan(); number++ {
		var line struct {
			Operation *operation `json:"operation"`
			Change    *change    `json:"change"`
			Log       bool       `json:"log"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		switch {
		case line.Operation != nil:
			read.operations = append(read.operations, *line.Operation)
		case line.Change != nil:
			read.log = append(read.log, *line.Change)
		case line.Log && read.log == nil:
			read.log = []change{}
		}
	}
	sort.SliceStable(read.operations, func(a, b int) bool { return read.operations[a].Call < read.operations[b].Call })
	return &read, scanner.Err()
}
