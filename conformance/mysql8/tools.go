//go:build tools

// Package tools pins Dolt, a database of its own make that speaks MySQL 8's protocol and SQL.
package tools

import _ "github.com/dolthub/dolt/go/cmd/dolt"
