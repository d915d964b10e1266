package inbound_test

import (
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// grouped is a remote that takes some fields only together, as Stripe takes an address: with one that changed travels
// what is known of the others, and may overwrite what a person has just written there.
type grouped struct{ *connectortest.Memory }

var group = []string{"name", "email"}

// Complete implements connector.Completer.
func (grouped) Complete(patch record.Patch, want record.Fields) record.Patch {
	for _, field := range group {
		if _, ok := patch[field]; !ok {
			continue
		}
		for _, other := range group {
			patch[other] = want[other]
		}
		return patch
	}
	return patch
}
