//go:build tools

// Package tools pins actionlint, the linter of GitHub workflows, so that it can be built here.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
