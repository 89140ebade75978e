//go:build tools

// Package tools pins toxiproxy, the proxy that makes a network bad, so that it can be built here.
package tools

import _ "github.com/Shopify/toxiproxy/v2/cmd/server"
