//go:build tools

// Package tools pins gitleaks, the finder of secrets in files and history, so that it can be built here.
package tools

import _ "github.com/zricethezav/gitleaks/v8"
