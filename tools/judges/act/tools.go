//go:build tools

// Package tools pins act, which runs GitHub workflows here, so that it can be built here.
package tools

import _ "github.com/nektos/act"
